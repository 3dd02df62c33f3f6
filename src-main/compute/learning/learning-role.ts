import { cancelledError, WorkbenchError } from '../../../src-shared/base/errors';
import { defined } from '../../../src-shared/base/assert';
import type { Trial } from '../../analysis/trials';
import { inSharedArray, type Feed } from '../../backends/feeds';
import { OrtSession } from '../../backends/ort-session';
import type { OutputTensor } from '../../backends/runnable-variant';
import { createFeedLoader, type FeedLoader } from '../../calibration/inputs/feed-loader';
import { elementTypes } from '../../onnx/graph/dtypes';
import { DataType, type Model } from '../../onnx/graph/model';
import type { Dims } from '../../onnx/graph/static-shapes';
import { raiseOpset } from '../../onnx/passes/raise-opset';
import { loadPrepared, preparedWeights } from '../../onnx/passes/prepared-store';
import { encodeModel } from '../../onnx/wire/wire-writer';
import { inFloat32, type Block } from '../../quantization/learning/blocks';
import { learnablePart, type Parameter } from '../../quantization/learning/learnable-part';
import { partOf } from '../../quantization/learning/part-of-model';
import { stepModel, type StepModel } from '../../quantization/learning/step-model';
import { correctableBiases } from '../../quantization/rewrite/bias-correction';
import { placeQdq, quantizeModel, rangeFacts, withOutputs } from '../../quantization/rewrite/quantize';
import { WeightScales } from '../../quantization/rewrite/weight-scales';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { roleOf, type StopFlag, type WorkerRole } from '../pool/worker-role';
import { loadShared } from '../roles/decode-role';
import { withLogits } from '../trials/trial-models';
import type { BlockParameter, LearningInit, LearningTasks, SampleValues, Side } from './learning-protocol';
import { ValueWeights } from './value-weights';

/** Runs blocks and their gradients on samples that all workers share. */
export async function createLearningRole(init: LearningInit, stop: StopFlag): Promise<WorkerRole> {
  const learner = new BlockLearner(init, stop);
  const role = roleOf<LearningTasks>({
    load: (entry) => learner.load(entry),
    hold: (params) => learner.hold(params),
    drop: (params) => learner.drop(params),
    openWeights: (params) => learner.openWeights(params),
    weigh: (params) => learner.weigh(params),
    closeWeights: () => learner.closeWeights(),
    begin: (params) => learner.begin(params),
    targets: (params) => learner.targets(params),
    prepare: (params) => learner.prepare(params),
    measure: (params) => learner.measure(params),
    step: (params) => learner.step(params),
    advance: (params) => learner.advance(params),
    end: () => learner.end(),
  });
  return {
    ...role,
    close: async () => {
      await learner.closeWeights();
      await learner.end();
    },
  };
}

/** The models of the block that is being learned. */
interface OpenBlock {
  readonly block: Block;
  readonly learnable: { readonly model: Model; readonly parameters: readonly Parameter[] };
  readonly fp32: OrtSession;
  /** The INT8 block with parameters as inputs. */
  readonly int8: OrtSession;
  learning: { readonly step: StepModel; readonly stepSession: OrtSession; readonly lossSession: OrtSession } | null;
}

export class BlockLearner {
  private readonly prepared: Model;
  private readonly model: Model;
  private readonly weights: WeightScales;
  private readonly loader: FeedLoader;
  private readonly held: Readonly<Record<Side, Map<number, Map<string, Feed>>>> = {
    int8: new Map(),
    fp32: new Map(),
    weights: new Map(),
  };
  private current: OpenBlock | null = null;
  private weigher: ValueWeights | null = null;

  constructor(
    private readonly init: LearningInit,
    private readonly stop: StopFlag,
  ) {
    this.prepared = loadPrepared(init.preparedDir);
    this.model = withLogits(this.prepared);
    this.weights = new WeightScales(this.model);
    this.loader = createFeedLoader(init.feeding);
  }

  load(entry: LearningTasks['load']['params']): Promise<LearningTasks['load']['result']> {
    return loadShared(this.loader, entry);
  }

  hold({ side, samples }: LearningTasks['hold']['params']): Promise<null> {
    for (const { sample, values } of samples) {
      const own = this.held[side].get(sample) ?? new Map<string, Feed>();
      for (const value of values) own.set(value.name, value);
      this.held[side].set(sample, own);
    }
    return Promise.resolve(null);
  }

  drop({ keep }: LearningTasks['drop']['params']): Promise<null> {
    const { int8, fp32, weights } = this.held;
    for (const own of [...int8.values(), ...fp32.values()])
      for (const name of own.keys()) if (!keep.includes(name)) own.delete(name);
    for (const own of weights.values()) for (const name of this.block.block.outputs) own.delete(name);
    return Promise.resolve(null);
  }

  async openWeights({ sample, tensors }: LearningTasks['openWeights']['params']): Promise<boolean> {
    try {
      const { task } = this.init;
      const feeds = this.inputsOf(sample);
      // The decoder of a detector reads the outputs as they are.
      const model = task?.kind === 'detection' ? this.prepared : this.model;
      this.weigher = await ValueWeights.open(model, { feeds, tensors, task }, (own) => this.session(own));
      return true;
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'model-unsupported') return false;
      throw error;
    }
  }

  async weigh({ sample, geometries }: LearningTasks['weigh']['params']): Promise<SampleValues> {
    if (this.stop.isSet) throw cancelledError();
    const weigher = defined(this.weigher, 'the model that yields weights is open');
    return { sample, values: shared(await weigher.of(this.inputsOf(sample), geometries, sample)) };
  }

  async closeWeights(): Promise<null> {
    await this.weigher?.close();
    this.weigher = null;
    return null;
  }

  async begin({ block, trial, roundedLayers }: LearningTasks['begin']['params']): Promise<null> {
    await this.end();
    const outputs = [...new Set([...block.outputs, ...block.live.filter((name) => !this.isHeld(name))])];
    const learnable = this.learnablePart(block, trial, { outputs, roundedLayers });
    const fp32 = await this.session(partOf(this.model, block.inputs, outputs));
    const int8 = await this.session(learnable.model);
    this.current = { block, learnable, fp32, int8, learning: null };
    return null;
  }

  async targets({ sample }: LearningTasks['targets']['params']): Promise<SampleValues> {
    return { sample, values: shared(await this.run(this.block.fp32, this.feeds('fp32', sample))) };
  }

  async prepare({ sample, scales }: LearningTasks['prepare']['params']): Promise<LearningTasks['prepare']['result']> {
    const { learnable, block } = this.block;
    const values = learnable.parameters.map(({ initial }) => initial);
    const own = { ...learnable, model: withOnlyOutputs(learnable.model, block.outputs) };
    const found = await this.everyTensor(learnable.model, [...this.feeds('int8', sample), ...this.named(values)]);
    const dims = new Map<string, Dims>(found.map((tensor) => [tensor.name, tensor.dims]));
    for (const feed of this.feeds('int8', sample)) dims.set(feed.name, feed.dims);
    for (const { name, dims: size } of learnable.parameters) dims.set(name, size);
    for (const tensor of learnable.model.graph.initializer) dims.set(tensor.name, tensor.dims);
    let step: StepModel;
    try {
      step = stepModel(own, dims, scales);
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'model-unsupported')
        return { ok: false, reason: error.message };
      throw error;
    }
    const loss = stepModel(own, dims, scales, false);
    this.block.learning = {
      step,
      stepSession: await this.session(step.model),
      lossSession: await this.session(loss.model),
    };
    const tensors = new Map(found.map((tensor) => [tensor.name, tensor]));
    return {
      ok: true,
      parameters: learnable.parameters.map(({ initial, target }): BlockParameter => ({
        initial,
        target,
        unit: target.kind === 'bias' ? rms(tensors.get(this.outputOf(target.bias.layer))?.data ?? null) : 1,
      })),
    };
  }

  async measure({ sample, values }: LearningTasks['measure']['params']): Promise<number> {
    const { step, lossSession } = this.learning;
    const [loss] = await this.run(lossSession, this.stepFeeds(step, sample, values));
    return loss?.data?.[0] ?? Number.NaN;
  }

  async step({ sample, values }: LearningTasks['step']['params']): Promise<LearningTasks['step']['result']> {
    const { step, stepSession } = this.learning;
    const found = new Map(
      (await this.run(stepSession, this.stepFeeds(step, sample, values))).map(({ name, data }) => [name, data]),
    );
    return {
      loss: found.get(step.loss)?.[0] ?? Number.NaN,
      gradients: step.gradients.map((name, i) => {
        const own = name === null ? null : found.get(name);
        return own?.slice() ?? new Float32Array(values[i]?.length ?? 0);
      }),
    };
  }

  async advance({ sample, values }: LearningTasks['advance']['params']): Promise<SampleValues> {
    const found = await this.run(this.block.int8, [...this.feeds('int8', sample), ...this.named(values)]);
    const { live } = this.block.block;
    return { sample, values: shared(found.filter(({ name }) => live.includes(name))) };
  }

  async end(): Promise<null> {
    const sessions = [
      this.current?.fp32,
      this.current?.int8,
      this.current?.learning?.stepSession,
      this.current?.learning?.lossSession,
    ];
    this.current = null;
    for (const session of sessions) await session?.close();
    return null;
  }

  private learnablePart(
    block: Block,
    trial: Trial,
    { outputs, roundedLayers }: { readonly outputs: readonly string[]; readonly roundedLayers: readonly string[] },
  ): OpenBlock['learnable'] {
    const { target, ranges } = this.init;
    const { thresholds, biases = [], roundings = [] } = trial;
    const plan = inFloat32(trial.plan);
    // For ONNX Runtime, activation functions are computed on integers, unless their float output is needed.
    const model = target === 'onnxruntime' ? withOutputs(this.model, outputs) : this.model;
    const quantized = quantizeModel({
      model,
      target,
      plan,
      thresholds,
      biases,
      roundings,
      ranges,
      purpose: 'simulation',
      weights: this.weights,
      observed: outputs,
    });
    const whole = raiseOpset(quantized.model);
    const placement = placeQdq(model, plan, target, { ranges: rangeFacts(this.weights, ranges), thresholds });
    return learnablePart(partOf(whole, block.inputs, outputs), {
      placement,
      scales: quantized.scales,
      biases: correctableBiases(graphFacts(model), placement),
      corrections: biases,
      roundedLayers: new Set(roundedLayers),
      model: whole,
      original: (name) => this.weights.tensor(name),
    });
  }

  /** Runs a model and returns the values of all its float tensors. */
  private async everyTensor(model: Model, feeds: readonly Feed[]): Promise<OutputTensor[]> {
    const types = elementTypes(model);
    const names = model.graph.node.flatMap((node) => node.output).filter((name) => types.get(name) === DataType.FLOAT);
    const session = await this.session(withOnlyOutputs(model, names));
    try {
      return (await this.run(session, feeds)).filter(({ data }) => data !== null);
    } finally {
      await session.close();
    }
  }

  private session(model: Model): Promise<OrtSession> {
    const { preparedDir } = this.init;
    return OrtSession.open({
      model: encodeModel(model, { externalTo: preparedWeights(preparedDir) }),
      weightsDir: preparedDir,
      threads: 1,
      simulate: true,
      hasFp16: false,
    });
  }

  private run(session: OrtSession, feeds: readonly Feed[]): Promise<OutputTensor[]> {
    if (this.stop.isSet) throw cancelledError();
    return session.run(feeds);
  }

  private feeds(side: Side, sample: number): Feed[] {
    return this.block.block.inputs.map((name) => this.heldValue(side, sample, name));
  }

  private stepFeeds(step: StepModel, sample: number, values: readonly Float32Array[]): Feed[] {
    const { outputs } = this.block.block;
    const targets = step.targets.map((name, i) => ({ ...this.heldValue('fp32', sample, outputs[i] ?? ''), name }));
    const weights = step.weights.map((name, i) => ({ ...this.heldValue('weights', sample, outputs[i] ?? ''), name }));
    return [...this.feeds('int8', sample), ...targets, ...weights, ...this.named(values)];
  }

  private inputsOf(sample: number): Feed[] {
    return this.model.graph.input.flatMap(({ name }) =>
      this.held.fp32.get(sample)?.has(name) ? [this.heldValue('fp32', sample, name)] : [],
    );
  }

  private named(values: readonly Float32Array[]): Feed[] {
    return this.block.learnable.parameters.map(({ name, dims, initial }, i) => ({
      name,
      dtype: 'float32',
      dims,
      data: values[i] ?? initial,
    }));
  }

  private heldValue(side: Side, sample: number, name: string): Feed {
    const feed = defined(this.held[side].get(sample)?.get(name), `tensor "${name}" of sample ${sample} is known`);
    // Node-API refuses views of shared memory.
    return { ...feed, data: feed.data.slice() };
  }

  private isHeld(name: string): boolean {
    return [...this.held.int8.values()].some((own) => own.has(name));
  }

  private outputOf(layer: string): string {
    return this.model.graph.node.find(({ name }) => name === layer)?.output[0] ?? '';
  }

  private get block(): OpenBlock {
    return defined(this.current, 'a block is open');
  }

  private get learning(): NonNullable<OpenBlock['learning']> {
    return defined(this.block.learning, 'the block was prepared for learning');
  }
}

function withOnlyOutputs(model: Model, names: readonly string[]): Model {
  return withOutputs({ ...model, graph: { ...model.graph, output: [] } }, names);
}

/** Copies float outputs into memory that threads can share. */
function shared(outputs: readonly OutputTensor[]): Feed[] {
  return outputs.flatMap(({ name, dims, data }): Feed[] => {
    return data === null ? [] : [inSharedArray({ name, dtype: 'float32', dims, data })];
  });
}

function rms(values: Float32Array | null): number {
  if (values === null || values.length === 0) return 1;
  const sum = values.reduce((total, value) => total + value * value, 0);
  return Math.sqrt(sum / values.length);
}
