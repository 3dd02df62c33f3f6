import { createRandom } from '../../../src-shared/domain/random';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { candidateWeights } from '../../analysis/decoders/candidate-weights';
import { imageOutputs } from '../../analysis/image-outputs';
import type { Feed } from '../../backends/feeds';
import type { OrtSession } from '../../backends/ort-session';
import type { OutputTensor } from '../../backends/runnable-variant';
import { makeValueInfo } from '../../onnx/graph/make';
import type { Model } from '../../onnx/graph/model';
import { staticShapes } from '../../onnx/graph/static-shapes';
import { raiseOpset } from '../../onnx/passes/raise-opset';
import { outputGradients } from '../../quantization/learning/output-gradients';

/** What weights are made for. */
interface Weighed {
  /** The inputs of the model for one sample, for their sizes. */
  readonly feeds: readonly Feed[];
  /** Tensors in the middle of the model. */
  readonly tensors: readonly string[];
  readonly task: Task | null;
}

/**
 * Weights of the values of tensors in the middle of a network: how much the error of the network's answer grows with
 * the square of a small error of the value. For a detector it is the error of the candidates, otherwise the relative
 * error of the outputs. With this error as the sum of h_k e_k^2 over the outputs, and their Jacobian J, the weights are
 * the diagonal of J' H J, the Gauss-Newton matrix; a diagonal matrix takes its place as in Li et al. 2021 (BRECQ, arXiv
 * 2102.05426, section 3.3). The squares of one gradient J' (h^1/2 v) with random signs v have this diagonal as their
 * mean (Bekas et al. 2007, "An estimator for the diagonal of a matrix").
 */
export class ValueWeights {
  private constructor(
    private readonly task: Task | null,
    private readonly forward: OrtSession,
    private readonly backward: OrtSession,
    private readonly names: Readonly<Record<'seeds' | 'gradients', ReadonlyMap<string, string>>>,
  ) {}

  /** @throws WorkbenchError model-unsupported for an operator without a gradient rule behind one of the tensors */
  static async open(
    model: Model,
    { feeds, tensors, task }: Weighed,
    open: (model: Model) => Promise<OrtSession>,
  ): Promise<ValueWeights> {
    const { graph } = model;
    const given = new Map(feeds.map((feed) => [feed.name, feed]));
    const input = graph.input.map((info) => {
      const feed = given.get(info.name);
      return feed && info.tensorType ? makeValueInfo(info.name, info.tensorType.elemType, feed.dims) : info;
    });
    const raised = raiseOpset({ ...model, graph: { ...graph, input } });
    const outputs = graph.output.map(({ name }) => name);
    const dims = staticShapes(raised.graph);
    const { model: gradientModel, seeds, gradients } = outputGradients(raised, { outputs, tensors }, dims);
    const forward = await open(model);
    return new ValueWeights(task, forward, await open(gradientModel), { seeds, gradients });
  }

  /**
   * @param feeds inputs of the model for one sample.
   * @param geometries of the images of the sample.
   * @param seed of the random signs.
   */
  async of(
    feeds: readonly Feed[],
    geometries: readonly (ImageGeometry | null)[],
    seed: number,
  ): Promise<OutputTensor[]> {
    const outputs = await this.forward.run(feeds);
    const { nextUint32 } = createRandom(seed);
    const seeds = outputs.flatMap((output): Feed[] => {
      const { name, dims, data } = output;
      const input = this.names.seeds.get(name);
      if (input === undefined || data === null) return [];
      const weights = this.outputWeights(outputs, output, geometries);
      const signed = weights.map((weight) => (nextUint32() < 2 ** 31 ? 1 : -1) * Math.sqrt(weight));
      return [{ name: input, dtype: 'float32', dims, data: signed }];
    });
    const found = await this.backward.run([...feeds, ...seeds]);
    const byName = new Map(found.map((output) => [output.name, output]));
    return [...this.names.gradients].flatMap(([tensor, name]): OutputTensor[] => {
      const gradient = byName.get(name);
      return gradient?.data ? [{ ...gradient, name: tensor, data: gradient.data.map((value) => value * value) }] : [];
    });
  }

  async close(): Promise<void> {
    await this.forward.close();
    await this.backward.close();
  }

  /** The error of the answer for a small error e of each value alone, divided by e^2. */
  private outputWeights(
    outputs: readonly OutputTensor[],
    { name, data }: OutputTensor,
    geometries: readonly (ImageGeometry | null)[],
  ): Float32Array {
    const values = data ?? new Float32Array();
    const ofCandidates = this.candidateWeights(outputs, name, geometries);
    if (ofCandidates !== null) return ofCandidates;
    const signal = values.reduce((sum, value) => sum + value * value, 0);
    return new Float32Array(values.length).fill(signal > 0 ? 1 / signal : 0);
  }

  private candidateWeights(
    outputs: readonly OutputTensor[],
    name: string,
    geometries: readonly (ImageGeometry | null)[],
  ): Float32Array | null {
    const { task } = this;
    if (task?.kind !== 'detection') return null;
    const parts = geometries.map((geometry, slot) =>
      geometry === null
        ? null
        : (candidateWeights(task.decoder, imageOutputs(outputs, slot, geometries.length), geometry)?.get(name) ?? null),
    );
    const [first] = parts;
    if (!first || parts.includes(null)) return null;
    const whole = new Float32Array(first.length * parts.length);
    for (const [slot, part] of parts.entries()) whole.set(part ?? [], slot * first.length);
    return whole;
  }
}
