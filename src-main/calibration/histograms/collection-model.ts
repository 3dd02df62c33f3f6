import { FreshNames } from '../../onnx/graph/fresh-names';
import { floatOutput, intAttr } from '../../onnx/graph/make';
import type { Graph, Model, Node, ValueInfo } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/wire/wire-writer';
import type { CollectorOptions } from './collector';
import { derivedTensors, type DerivedTensor } from './derived-tensors';
import { preparedWeights } from '../../onnx/passes/prepared-store';
import { reachingGraph } from '../../onnx/passes/reaching-graph';

/** The operator of native/ort/collector.cpp. */
export const COUNT = { domain: 'calib', opType: 'CountValues', version: 1 } as const;

/** Operators that ONNX Runtime computes in groups of channels. */
const BLOCKED_OPERATORS = new Set(['Conv', 'MaxPool', 'AveragePool', 'GlobalMaxPool', 'GlobalAveragePool']);

/**
 * The encoded prepared model with `tensors` as its only outputs; its weights stay in the weights file of the prepared
 * folder. Other tensors are not outputs, so that ONNX Runtime can still fuse the layers around them, and layers that no
 * tensor depends on are left out.
 */
export function collectionModel(prepared: Model, preparedDir: string, tensors: readonly string[]): Uint8Array {
  const { graph } = prepared;
  const computed = computedTensors(graph, tensors);
  // ONNX Runtime refuses a model without layers, although nothing is run if all tensors are inputs.
  const reaching = computed.length === 0 ? graph : reachingGraph(graph, computed);
  return encodeWith(prepared, preparedDir, { ...reaching, output: computed.map(floatOutput) });
}

/** A model that counts its tensors itself, see countingModel. */
export interface CountingModel {
  readonly model: Uint8Array;
  /** The output that a run asks for; empty if all tensors are inputs, so that nothing has to be run. */
  readonly output: string;
  /** Whether ONNX Runtime may keep some of its tensors in groups of channels, see countBlocked. */
  readonly mayHaveBlocks: boolean;
  /** Tensors without an operator of their own. */
  readonly derived: readonly DerivedTensor[];
}

/**
 * Like collectionModel, but with an operator for each tensor that counts its values, directly behind the layer that
 * computes them. Tensors whose counts follow from others have none (derivedTensors). Each operator has the index of its
 * tensor in `tensors` as an attribute. It also reads the empty output of the operator before it: ONNX Runtime orders
 * the layers by following the last operator back through its inputs. In this order a tensor is counted before the next
 * one is computed, while its values are in the cache and its memory is still needed. Counts do not depend on the order.
 */
export function countingModel(
  prepared: Model,
  preparedDir: string,
  options: Pick<CollectorOptions, 'tensors' | 'feeding' | 'channels'>,
): CountingModel {
  const { tensors } = options;
  const derived = derivedTensors(prepared.graph, options);
  const isDerived = new Set(derived.map(({ tensor }) => tensor));
  const counted = tensors.filter((_, i) => !isDerived.has(i));
  const graph = reachingGraph(prepared.graph, counted);
  const names = new FreshNames(graph);
  const positions = new Map(tensors.map((name, i) => [name, i]));
  let last = '';
  const node = graph.node.flatMap((layer): Node[] => [
    layer,
    ...layer.output.flatMap((tensor): Node[] => {
      const position = positions.get(tensor);
      if (position === undefined || isDerived.has(position)) return [];
      const input = [last, tensor];
      last = names.next('counted');
      return [
        {
          name: last,
          ...COUNT,
          input,
          output: [last],
          attribute: [intAttr('tensor', position), intAttr('channels', 0), intAttr('block', 1)],
        },
      ];
    }),
  ]);
  const output = last === '' ? [] : [floatOutput(last)];
  const opsetImport = [...prepared.opsetImport, { domain: COUNT.domain, version: COUNT.version }];
  return {
    model: encodeWith({ ...prepared, opsetImport }, preparedDir, { ...graph, node, output }),
    output: last,
    derived,
    mayHaveBlocks: graph.node.some(({ opType }) => BLOCKED_OPERATORS.has(opType)),
  };
}

/** The tensors that are not inputs of the graph: the collector has the inputs themselves. */
function computedTensors(graph: Graph, tensors: readonly string[]): string[] {
  const inputs = new Set(graph.input.map(({ name }: ValueInfo) => name));
  return tensors.filter((name) => !inputs.has(name));
}

function encodeWith(prepared: Model, preparedDir: string, graph: Graph): Uint8Array {
  return encodeModel({ ...prepared, graph }, { externalTo: preparedWeights(preparedDir) });
}
