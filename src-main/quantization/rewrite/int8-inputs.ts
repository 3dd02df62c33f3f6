import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import { FreshNames } from '../../onnx/graph/fresh-names';
import { floatScalar, makeNode } from '../../onnx/graph/make';
import { DataType, type Graph, type Model, type Node, type ValueInfo } from '../../onnx/graph/model';
import { capturedNames } from '../../onnx/graph/subgraphs';
import { graphFacts, type GraphFacts } from '../rules/graph-facts';
import { RESHAPE_OPS, SELECT_OPS } from '../rules/op-classes';
import type { ActivationParameters } from './scales';

export interface Int8Inputs {
  readonly model: Model;
  /** Input -> scale: the input takes round(x / scale) in INT8, with zero point 0. */
  readonly inputScales: Readonly<Record<string, number>>;
}

/**
 * Changes the float32 inputs of a rewritten model to INT8, for programs that write INT8 in their preprocessing. The
 * QuantizeLinear of an input is dropped, so that its DequantizeLinear reads the input; an input that no INT8 layer
 * reads is quantized with its threshold. Other readers get the input through a DequantizeLinear of its own. In a
 * strongly typed network TensorRT takes an INT8 input in front of a DequantizeLinear.
 *
 * @param quantized tensor -> scale of its Q/DQ.
 * @param thresholds tensor -> threshold in real units.
 * @throws WorkbenchError usage if an input has neither Q/DQ nor a threshold, or is read where the model is not
 *   rewritten
 */
export function withInt8Inputs(
  model: Model,
  quantized: ReadonlyMap<string, Pick<ActivationParameters, 'scale'>>,
  thresholds: Readonly<Record<string, number>>,
): Int8Inputs {
  const { graph } = model;
  const names = new FreshNames(graph);
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(
    ({ name, tensorType }) => tensorType?.elemType === DataType.FLOAT && !initializers.has(name),
  );
  const captured = new Set(graph.node.flatMap((node) => [...capturedNames(node)]));
  const outputs = new Set(graph.output.map(({ name }) => name));
  const scales = new Map<string, number>();
  let changed = graph;
  for (const { name } of inputs) {
    if (captured.has(name) || outputs.has(name))
      throw refusal(name, 'a branch, a loop or an output of the model reads it as it is');
    const threshold = ownValue(thresholds, name);
    const scale = quantized.get(name)?.scale ?? (threshold === undefined ? 0 : scaleOfThreshold(threshold));
    if (!(scale > 0)) throw refusal(name, 'it has no threshold');
    changed = int8Input(changed, name, scale, names);
    scales.set(name, scale);
  }
  const retyped = (info: ValueInfo): ValueInfo =>
    scales.has(info.name) && info.tensorType
      ? { ...info, tensorType: { ...info.tensorType, elemType: DataType.INT8 } }
      : info;
  return {
    model: { ...model, graph: { ...changed, input: changed.input.map(retyped) } },
    inputScales: Object.fromEntries(scales),
  };
}

/**
 * The thresholds with one for each input that has none because layers that only move its values stand in front of
 * everything that is calibrated (a focus layer: Slice and Concat): the largest threshold behind them.
 *
 * @param model before it is rewritten.
 * @param thresholds tensor -> threshold in real units.
 */
export function withInputThresholds(
  model: Model,
  thresholds: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const facts = graphFacts(model);
  const found = model.graph.input.flatMap(({ name }) => {
    if (ownValue(thresholds, name) !== undefined) return [];
    const largest = largestBehind(facts, name, thresholds);
    return largest > 0 ? [[name, largest] as const] : [];
  });
  return { ...thresholds, ...Object.fromEntries(found) };
}

function largestBehind(facts: GraphFacts, input: string, thresholds: Readonly<Record<string, number>>): number {
  const seen = new Set<string>();
  const pending = [input];
  let largest = 0;
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    const own = ownValue(thresholds, tensor);
    if (own !== undefined) {
      largest = Math.max(largest, own);
      continue;
    }
    for (const { node } of facts.uses(tensor)) if (MOVING_OPS.has(node.opType)) pending.push(...node.output);
  }
  return largest;
}

const MOVING_OPS: ReadonlySet<string> = new Set([...RESHAPE_OPS, ...SELECT_OPS, 'Concat']);

function int8Input(graph: Graph, name: string, scale: number, names: FreshNames): Graph {
  // An FP16 model quantizes the input behind a cast.
  const casts = graph.node.filter(({ opType, input }) => opType === 'Cast' && input[0] === name);
  const same = new Set([name, ...casts.flatMap(({ output }) => output)]);
  const quantizers = graph.node.filter(({ opType, input }) => opType === 'QuantizeLinear' && same.has(input[0] ?? ''));
  const direct = new Set(quantizers.flatMap(({ output }) => output));
  const others = graph.node.filter((node) => !quantizers.includes(node));
  const read = new Set(others.flatMap(({ input }) => input));
  const float = names.next(`${name}_fp32`);
  let isFloatRead = false;
  const readers = others
    .filter((node) => !casts.includes(node) || node.output.some((output) => read.has(output)))
    .map((node): Node => {
      const input = node.input.map((tensor) => {
        if (direct.has(tensor)) return name;
        if (tensor !== name) return tensor;
        isFloatRead = true;
        return float;
      });
      return { ...node, input };
    });
  if (!isFloatRead) return { ...graph, node: readers };
  const scaleName = names.next(`${name}_int8_scale`);
  const dequantize = makeNode('DequantizeLinear', [name, scaleName], [float], {
    name: names.next(`${float}_DequantizeLinear`),
  });
  return {
    ...graph,
    node: [dequantize, ...readers],
    initializer: [...graph.initializer, floatScalar(scaleName, scale)],
  };
}

function refusal(name: string, reason: string): WorkbenchError {
  return new WorkbenchError('usage', `Input "${name}" cannot be INT8: ${reason}`, {
    hint: 'Calibrate the project, or leave the inputs in floating point.',
  });
}
