import { FreshNames } from '../graph/fresh-names';
import { GraphIndex } from '../graph/graph-index';
import { floatOutput, floatTensor } from '../graph/make';
import type { Graph, Model, Node, Tensor } from '../graph/model';
import { isOp } from '../graph/opset';
import { constantTensor } from './constants-to-initializers';
import { constantExpressions, type ConstantExpression } from './constant-expressions';
import type { PrepareNote } from './note';

/** Values of a float32 output of a model without inputs. */
export interface EvaluatedTensor {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** Runs a model without inputs, node by node as it is written. @throws if it cannot be opened or run */
export type Evaluate = (model: Model) => Promise<ReadonlyMap<string, EvaluatedTensor>>;

/** Expressions are evaluated together up to this size, so that a model beyond 2 GB never lies in memory as a whole. */
const BATCH_BYTES = 256 * 1024 * 1024;
const MIN_IR_VERSION = 4;

/**
 * Replaces every constant expression by its value, as ONNX Runtime computes it: the results are those of the original
 * bit for bit. An expression that cannot be evaluated stays, with a note.
 */
export async function foldConstants(
  model: Model,
  evaluate: Evaluate,
): Promise<{ readonly model: Model; readonly notes: readonly PrepareNote[] }> {
  const expressions = constantExpressions(model);
  if (expressions.length === 0) return { model, notes: [] };
  const folded = new Map<string, Tensor>();
  const failed: string[] = [];
  const constants = constantsOf(model.graph);
  for (const batch of batchesOf(expressions)) {
    const values = await evaluated(batch, { model, constants, evaluate });
    for (const { name } of batch) {
      const found = values.get(name);
      if (found === undefined) failed.push(name);
      else folded.set(name, floatTensor(name, found.dims, found.values));
    }
  }
  const computing = new Set(expressions.flatMap((expression) => expression.nodes));
  const notes: PrepareNote[] = failed.map((name) => ({
    code: 'constant-kept',
    message: `"${name}" is computed from constants, but ONNX Runtime could not compute it beforehand; it stays as it is`,
  }));
  return { model: { ...model, graph: withValues(model.graph, folded, computing) }, notes };
}

interface FoldScope {
  readonly model: Model;
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly evaluate: Evaluate;
}

/** The values of a batch; if it fails as a whole, of those expressions that can be evaluated alone. */
async function evaluated(
  batch: readonly ConstantExpression[],
  scope: FoldScope,
): Promise<ReadonlyMap<string, EvaluatedTensor>> {
  try {
    return await scope.evaluate(constantModel(batch, scope));
  } catch {
    if (batch.length === 1) return new Map();
    const values = new Map<string, EvaluatedTensor>();
    for (const expression of batch)
      for (const [name, value] of await evaluated([expression], scope)) values.set(name, value);
    return values;
  }
}

/** A model without inputs whose outputs are the expressions. */
function constantModel(batch: readonly ConstantExpression[], { model, constants }: FoldScope): Model {
  const nodes = new Set(batch.flatMap((expression) => expression.nodes));
  const needed = new Set([...nodes].flatMap((node) => node.input));
  return {
    irVersion: Math.max(MIN_IR_VERSION, model.irVersion),
    opsetImport: model.opsetImport,
    metadataProps: [],
    graph: {
      name: 'constants',
      node: [...nodes],
      initializer: [...needed].flatMap((name) => constants.get(name) ?? []),
      input: [],
      output: batch.map(({ name }) => floatOutput(name)),
      valueInfo: [],
    },
  };
}

function constantsOf(graph: Graph): ReadonlyMap<string, Tensor> {
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.node) {
    const name = node.output[0] ?? '';
    const tensor = isOp(node, 'Constant') ? constantTensor(node, name) : null;
    if (tensor !== null) constants.set(name, tensor);
  }
  return constants;
}

function batchesOf(expressions: readonly ConstantExpression[]): ConstantExpression[][] {
  const batches: ConstantExpression[][] = [];
  let bytes = Infinity;
  for (const expression of expressions) {
    if (bytes + expression.sizeBytes > BATCH_BYTES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(expression);
    bytes += expression.sizeBytes;
  }
  return batches;
}

/** The graph with these tensors as initializers, without the nodes that only they needed. */
function withValues(graph: Graph, values: ReadonlyMap<string, Tensor>, computing: ReadonlySet<Node>): Graph {
  const index = new GraphIndex(graph);
  const names = new FreshNames(graph);
  const removed = new Set<Node>();
  const isNeeded = (name: string): boolean =>
    !values.has(name) &&
    (index.isGraphOutput(name) || index.consumers(name).some((consumer) => !removed.has(consumer.node)));
  // Backwards, so that it is known which readers of a tensor stay.
  for (const node of [...index.sortedNodes].reverse())
    if (computing.has(node) && !node.output.some(isNeeded)) removed.add(node);
  const node = graph.node
    .filter((candidate) => !removed.has(candidate))
    .map((candidate) =>
      candidate.output.some((name) => values.has(name))
        ? { ...candidate, output: candidate.output.map((name) => (values.has(name) ? names.next(name) : name)) }
        : candidate,
    );
  return { ...graph, node, initializer: [...graph.initializer, ...values.values()] };
}
