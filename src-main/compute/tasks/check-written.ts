import { advise, type Advice } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Target } from '../../../src-shared/domain/project/precision';
import { elementsOf, zeros, type Feed } from '../../backends/feeds';
import { OrtSession } from '../../backends/ort-session';
import { graphProblems, problemText } from '../../onnx/graph/check-graph';
import { modelInputs } from '../../onnx/graph/model-inputs';
import type { Model, Node } from '../../onnx/graph/model';
import { nodeLabel } from '../../onnx/graph/opset';
import { isPlugin } from '../../onnx/graph/plugins';

/** Of larger files only the structure is checked, because opening a file takes more memory than its size. */
const LARGEST_OPENED_BYTES = 2 ** 30;

/** ONNX Runtime's error for an operator without a CPU kernel. TensorRT may still support the operator. */
const NO_CPU_KERNEL = /Could not find an implementation|NOT_IMPLEMENTED|is not a registered function\/op/;

export interface MadeModel {
  readonly target: Target;
  /**
   * The prepared model that was rewritten. Problems that it already has are not caused by the rewrite. Messages name
   * its layers, which users know.
   */
  readonly prepared: Model;
  readonly made: Model;
  readonly hasFp16: boolean;
}

/** @throws WorkbenchError 'model-invalid' when the rewrite broke the graph, naming the layer. */
export function checkStructure({ prepared, made, target }: MadeModel): void {
  const known = new Set(graphProblems(prepared).map(problemText));
  const problem = graphProblems(made).find((found) => !known.has(problemText(found)));
  if (problem)
    throw refusal(
      target,
      problemText(problem),
      problem.node === null
        ? undefined
        : layerOf(prepared, [problem.node.name, ...problem.node.output, ...problem.node.input]),
    );
}

/**
 * Opens a written model in ONNX Runtime and runs it once on zeros: with fused integer kernels for the target
 * onnxruntime; in float arithmetic, without any rewriting of the graph, for TensorRT. Files above 1 GiB are not opened.
 * @throws WorkbenchError 'model-invalid', naming the layer and what to do.
 */
export async function checkRuns(path: string, sizeBytes: number, model: MadeModel): Promise<void> {
  if (sizeBytes > LARGEST_OPENED_BYTES) return;
  const isSimulation = model.target !== 'onnxruntime';
  try {
    const session = await OrtSession.open({
      model: path,
      weightsDir: null,
      threads: 1,
      simulate: isSimulation,
      asWritten: isSimulation,
      hasFp16: model.hasFp16,
    });
    try {
      await runOnZeros(session, model.made);
    } finally {
      await session.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (isSimulation && NO_CPU_KERNEL.test(reason)) return;
    const layer = layerOf(model.prepared, quotedNames(reason)) ?? model.prepared.graph.node.find(isPlugin);
    throw refusal(model.target, reason.split('\n')[0] ?? reason, layer, error);
  }
}

/** A model with sizes other than the batch that are not fixed is opened but not run. */
async function runOnZeros(session: OrtSession, model: Model): Promise<void> {
  const feeds: Feed[] = [];
  for (const { name, dtype, dims } of modelInputs(model)) {
    const sizes = dims.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 1 : null));
    const known = sizes.flatMap((size) => size ?? []);
    if (known.length < sizes.length) return;
    feeds.push({ name, dtype, dims: known, data: zeros(dtype, elementsOf(known)) });
  }
  await session.run(feeds);
}

/** Names in quotes or parentheses: ONNX Runtime's messages write names of nodes and tensors that way. */
function quotedNames(message: string): string[] {
  return [...message.matchAll(/["'(]([^"'()]+)["')]/g)].map(([, name = '']) => name);
}

/** The first name that belongs to a layer or to a tensor of one, also with a suffix that the rewrite added. */
function layerOf(prepared: Model, names: readonly string[]): Node | undefined {
  const nodes = new Map(prepared.graph.node.map((node) => [node.name, node]));
  const makers = new Map(prepared.graph.node.flatMap((node) => node.output.map((output) => [output, node] as const)));
  for (const name of names) {
    const plain = name.replace(/(_(quantized|dequantized|fp16|scale|zero_point))*(_\d+)?$/, '');
    const found = nodes.get(name) ?? makers.get(name) ?? nodes.get(plain) ?? makers.get(plain);
    if (found) return found;
  }
  return undefined;
}

function hintOn(layer: Node | undefined): string | Advice {
  if (layer === undefined) return advise('keep-some-in-fp32');
  if (isPlugin(layer))
    return `${layer.opType} is an operator of a TensorRT plugin: write the model for TensorRT, or export it without it.`;
  return advise('keep-in-fp32', { layer: layer.name });
}

function refusal(target: Target, reason: string, layer: Node | undefined, cause?: unknown): WorkbenchError {
  const subject = layer === undefined ? '' : ` at ${nodeLabel(layer)}`;
  return new WorkbenchError(
    'model-invalid',
    `The model made for the target ${target} does not run${subject} and was not kept: ${reason}`,
    {
      hint: hintOn(layer),
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
