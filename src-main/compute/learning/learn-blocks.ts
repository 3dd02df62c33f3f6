import { defined } from '../../../src-shared/base/assert';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { BiasCorrection, LearnedBlock, WeightRounding } from '../../../src-shared/domain/analysis/repair';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import { imageId, type ImageEntry, type SkippedImage } from '../../../src-shared/domain/project/image-set';
import type { Trial } from '../../analysis/trials';
import { equalShapes, inSharedArray, stackImages, type Feed, type PreparedImage } from '../../backends/feeds';
import { elementCount } from '../../onnx/graph/element-types';
import { makeValueInfo } from '../../onnx/graph/make';
import type { Model } from '../../onnx/graph/model';
import { staticShapes } from '../../onnx/graph/static-shapes';
import { loadPrepared } from '../../onnx/passes/prepared-store';
import { findBlocks, inFloat32, type Block } from '../../quantization/learning/blocks';
import type { LossScales } from '../../quantization/learning/step-model';
import { roundedTo } from '../../quantization/learning/rounding';
import { placeQdq } from '../../quantization/rewrite/quantize';
import { packRounding } from '../../quantization/rewrite/weight-rounding';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { WorkerPool } from '../pool/worker-pool';
import { withLogits } from '../trials/trial-models';
import type { ImageOutcome } from '../roles/image-role';
import type { LearningJournal } from './learning-journal';
import type { BlockParameter, LearningInit, LearningTasks, SampleValues, Side } from './learning-protocol';
import { train, type TrainingLimits } from './train';

export interface LearnParams extends LearningInit {
  /** The quantized model to begin with: plan, thresholds, and corrected biases if there are any. */
  readonly trial: Trial;
  /** Images to learn on. */
  readonly entries: readonly ImageEntry[];
  readonly threads: number;
  /** Only blocks with one of these layers are learned; null: all blocks. */
  readonly layers: readonly string[] | null;
  /** Layers whose weights are rounded by learning, if they are in learned blocks. */
  readonly roundedLayers: readonly string[];
  readonly limits: TrainingLimits;
}

export interface LearnedModel {
  /** Tensor -> threshold, for the tensors whose threshold was learned. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Corrections of all biases: those to begin with, replaced where a bias was learned. */
  readonly biases: readonly BiasCorrection[];
  /** Roundings of weights: those to begin with, and those that were learned. */
  readonly roundings: readonly WeightRounding[];
  readonly blocks: readonly LearnedBlock[];
  readonly images: number;
  readonly skipped: readonly SkippedImage[];
}

/**
 * Learns thresholds, biases and roundings of weights block by block, first to last, so that every block gets its inputs
 * from the learned INT8 blocks in front of it and approaches the outputs of the same FP32 block (Nagel et al. 2020,
 * arXiv 2004.10568; Li et al. 2021, arXiv 2102.05426). The results do not depend on the number of threads.
 */
export async function learnBlocks(
  params: LearnParams,
  journal: LearningJournal,
  context: TaskContext,
): Promise<LearnedModel> {
  const { preparedDir, target, ranges, feeding, task, threads, entries } = params;
  const pool = new WorkerPool({
    role: 'learning',
    init: { preparedDir, target, ranges, feeding, task },
    depth: 1,
    signal: context.signal,
  });
  try {
    await pool.grow(Math.max(1, Math.min(threads, entries.length)));
    const learning = new Learning(params, pool, context);
    await learning.load();
    return await learning.run(journal);
  } finally {
    await pool.close();
  }
}

type Prepared = LearningTasks['prepare']['result'];

class Learning {
  private readonly skipped: SkippedImage[] = [];
  private samples = 0;
  private images = 0;
  /** For each sample, where its images lie in the input. */
  private geometries: readonly (readonly (ImageGeometry | null)[])[] = [];
  private trial: Trial;
  private readonly thresholds = new Map<string, number>();
  private readonly model: Model;
  private readonly blocks: readonly Block[];

  constructor(
    private readonly params: LearnParams,
    private readonly pool: WorkerPool<'learning'>,
    private readonly context: TaskContext,
  ) {
    const { preparedDir, target, trial } = params;
    this.trial = trial;
    this.model = withLogits(loadPrepared(preparedDir));
    const placement = placeQdq(this.model, inFloat32(trial.plan), target, { thresholds: trial.thresholds });
    this.blocks = findBlocks(graphFacts(this.model), placement);
  }

  /** Reads the images. Images of another size than the most frequent one are left out: a block has one size. */
  async load(): Promise<void> {
    const { entries, feeding } = this.params;
    const loaded: ImageOutcome<PreparedImage>[] = [];
    let done = 0;
    await this.pool.forEach(entries.entries(), async (run, [i, entry]) => {
      loaded[i] = await run('load', entry);
      this.context.onProgress?.({ phase: 'reading images', done: (done += 1), total: entries.length, unit: 'images' });
    });
    for (const [i, outcome] of loaded.entries()) {
      const entry = entries[i];
      if (!outcome.ok && entry) this.skipped.push({ file: imageId(entry), reason: outcome.reason });
    }
    const images = mostFrequentShape(loaded.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])));
    const batch = feeding.fixedBatch ?? 1;
    const whole = Math.floor(images.length / batch);
    const fitting = whole === 0 ? 0 : this.fittingSamples(stackImages(feeding, images.slice(0, batch), batch));
    this.samples = Math.min(whole, fitting);
    this.images = this.samples * batch;
    if (this.samples < MIN_SAMPLES) {
      throw new WorkbenchError(
        'images-empty',
        `Learning needs at least ${MIN_SAMPLES * batch} usable images of the same size whose activations fit into ` +
          `${MAX_HELD_BYTES / 1e6} MB, found ${this.images}`,
      );
    }
    const samples = Array.from({ length: this.samples }, (_, sample): SampleValues => ({
      sample,
      values: stackImages(feeding, images.slice(sample * batch, (sample + 1) * batch), batch).map(inSharedArray),
    }));
    this.geometries = samples.map(({ sample }) =>
      images.slice(sample * batch, (sample + 1) * batch).map(({ geometry }) => geometry),
    );
    await this.hold('int8', samples);
    await this.hold('fp32', samples);
  }

  /** The number of samples whose tensors at the cuts of the network can be held at the same time. */
  private fittingSamples(feeds: readonly Feed[]): number {
    const { graph } = this.model;
    const given = new Map(feeds.map((feed) => [feed.name, feed]));
    const input = graph.input.map((info) => {
      const feed = given.get(info.name);
      return feed && info.tensorType ? makeValueInfo(info.name, info.tensorType.elemType, feed.dims) : info;
    });
    const dims = staticShapes({ ...graph, input });
    const bytes = (names: readonly string[]): number =>
      names.reduce((sum, name) => sum + 4 * elementCount(dims.get(name) ?? [0]), 0);
    // Of both sides: the tensors that a block reads, and those that it leaves.
    const most = this.blocks.map(
      ({ inputs, outputs, live }) => 2 * bytes([...new Set([...inputs, ...outputs, ...live])]),
    );
    // The weights of all blocks are made at once.
    const weights = this.blocks.reduce((sum, { outputs }) => sum + bytes(outputs), 0);
    return Math.floor(MAX_HELD_BYTES / Math.max(1, weights + Math.max(...most)));
  }

  async run(journal: LearningJournal): Promise<LearnedModel> {
    const { layers, limits } = this.params;
    const { blocks } = this;
    const isWanted = (block: Block): boolean => layers === null || block.layers.some((layer) => layers.includes(layer));
    const last = blocks.findLastIndex(isWanted);
    const work = blocks.filter(isWanted).reduce((sum, { macs }) => sum + macs, 0);
    const learned: LearnedBlock[] = [];
    const weights = await this.weigh(blocks.filter(isWanted).flatMap((block) => block.outputs));
    let [made, left] = [0, blocks.filter(isWanted).length];
    for (const [i, block] of blocks.slice(0, last + 1).entries()) {
      const roundedLayers = isWanted(block) ? this.params.roundedLayers : [];
      await this.pool.runOnAll('begin', { block, trial: this.trial, roundedLayers });
      const targets = await this.collect('targets');
      await this.hold('fp32', targets);
      const isWeighted = block.outputs.length > 0 && block.outputs.every((name) => weights.has(name));
      const signals = block.outputs.map((name) => meanSignal(targets, name));
      const scales = {
        signals,
        weightedSignal: isWeighted ? meanWeightedSignal(weights, block.outputs, signals) : null,
      };
      let values: readonly Float32Array[] = [];
      if (isWanted(block)) {
        const all = block.outputs.length === 0 ? null : await this.prepare(scales);
        const parameters = all?.ok ? all.parameters : [];
        left -= 1;
        const onStep = (steps: number, planned: number): void =>
          this.context.onProgress?.({
            phase: 'learning',
            done: made + steps,
            // Later blocks are expected to take as many steps as this one.
            total: made + planned * (left + 1),
            unit: 'steps',
          });
        const known = journal.get(i);
        const outcome =
          known ??
          (await train(
            { pool: this.pool, parameters, samples: this.samples, seed: i, onStep },
            { ...limits, seconds: (limits.seconds * block.macs) / work },
          ));
        if (known === undefined) journal.put(i, outcome);
        const { values: found, ...result } = outcome;
        values = found;
        made += outcome.steps;
        learned.push({
          layers: block.layers,
          outputs: block.outputs,
          ...result,
          ...(all?.ok === false ? { reason: all.reason } : {}),
        });
        this.adopt(parameters, values);
      }
      if (i < last) {
        const outputs = await this.collect('advance', values);
        await this.hold('int8', outputs);
        await this.pool.runOnAll('drop', { keep: block.live });
        for (const name of block.outputs) weights.delete(name);
      }
    }
    await this.pool.runOnAll('end', null);
    return {
      thresholds: Object.fromEntries(this.thresholds),
      biases: this.trial.biases ?? [],
      roundings: this.trial.roundings ?? [],
      blocks: learned,
      images: this.images,
      skipped: this.skipped,
    };
  }

  /**
   * Computes the weights of the values of tensors on all samples, and gives them to every worker.
   * @returns tensor -> weights of each sample; empty if the gradients cannot be computed
   */
  private async weigh(tensors: readonly string[]): Promise<Map<string, readonly Float32Array[]>> {
    if (tensors.length === 0) return new Map();
    const opened: boolean[] = [];
    await this.pool.runOnAll('openWeights', { sample: 0, tensors }, (isOpen) => opened.push(isOpen));
    const found: SampleValues[] = [];
    if (opened.every(Boolean)) {
      let done = 0;
      await this.pool.forEach(this.geometries.entries(), async (run, [sample, geometries]) => {
        found[sample] = await run('weigh', { sample, geometries });
        this.context.onProgress?.({
          phase: 'weighing values',
          done: (done += 1),
          total: this.samples,
          unit: 'images',
        });
      });
      await this.hold('weights', found);
    }
    await this.pool.runOnAll('closeWeights', null);
    const weights = new Map<string, Float32Array[]>();
    for (const { sample, values } of found)
      for (const { name, data } of values) {
        const own = weights.get(name) ?? [];
        own[sample] = data as Float32Array;
        weights.set(name, own);
      }
    return weights;
  }

  /** Makes the models that learn, on every worker. All give the same answer. */
  private async prepare(scales: LossScales): Promise<Prepared> {
    const found: Prepared[] = [];
    await this.pool.runOnAll('prepare', { sample: 0, scales }, (result) => found.push(result));
    return defined(found[0], 'a pool has a worker');
  }

  /** Uses the learned values in the trial from which later blocks are made. */
  private adopt(parameters: readonly BlockParameter[], values: readonly Float32Array[]): void {
    const thresholds = new Map(Object.entries(this.trial.thresholds));
    const keyOf = ({ layer, slot }: { readonly layer: string; readonly slot: number }): string => `${slot} ${layer}`;
    const biases = new Map((this.trial.biases ?? []).map((bias) => [keyOf(bias), bias]));
    const roundings = new Map((this.trial.roundings ?? []).map((rounding) => [keyOf(rounding), rounding]));
    for (const [i, { target }] of parameters.entries()) {
      const own = values[i] ?? new Float32Array();
      if (target.kind === 'threshold') {
        const threshold = Math.fround(Math.exp(own[0] ?? 0));
        for (const tensor of target.tensors) {
          thresholds.set(tensor, threshold);
          this.thresholds.set(tensor, threshold);
        }
      } else if (target.kind === 'rounding') {
        const rounding = packRounding(target.weight, target.rounded.scaled, roundedTo(target.rounded, own));
        if (rounding.moved > 0) roundings.set(keyOf(target.weight), rounding);
      } else {
        const shift = Array.from(own, (value, channel) => Math.fround(value - (target.original[channel] ?? 0)));
        biases.set(keyOf(target.bias), { ...target.bias, shift, isLearned: true });
      }
    }
    this.trial = {
      ...this.trial,
      thresholds: Object.fromEntries(thresholds),
      biases: [...biases.values()],
      ...(roundings.size === 0 ? {} : { roundings: [...roundings.values()] }),
    };
  }

  private async hold(side: Side, samples: readonly SampleValues[]): Promise<void> {
    await this.pool.runOnAll('hold', { side, samples });
  }

  /** Runs every sample. @returns one entry per sample, in order */
  private async collect(method: 'targets' | 'advance', values: readonly Float32Array[] = []): Promise<SampleValues[]> {
    const found: SampleValues[] = [];
    await this.pool.forEach(Array.from({ length: this.samples }).keys(), async (run, sample) => {
      found[sample] = await (method === 'targets' ? run('targets', { sample }) : run('advance', { sample, values }));
    });
    return found;
  }
}

/** The most that all held tensors may take. */
const MAX_HELD_BYTES = 2 ** 31;
/** With fewer samples, a block would only learn these by heart. */
const MIN_SAMPLES = 8;

function mostFrequentShape(images: readonly PreparedImage[]): readonly PreparedImage[] {
  const groups = equalShapes(images);
  const most = groups.reduce<readonly number[]>((found, own) => (own.length > found.length ? own : found), []);
  return images.filter((_, i) => most.includes(i));
}

/** Sum of squares of a tensor for one sample, averaged over the samples. */
function meanSignal(samples: readonly SampleValues[], name: string): number {
  const sums = samples.map(({ values }) => {
    const data = values.find((value) => value.name === name)?.data as Float32Array | undefined;
    return data?.reduce((sum, value) => sum + value * value, 0) ?? 0;
  });
  return sums.reduce((total, sum) => total + sum, 0) / samples.length;
}

/**
 * The weighted error of tensors that all have a relative error of one, spread evenly over their values: the mean of the
 * weights times the mean sum of squares, averaged over the tensors.
 */
function meanWeightedSignal(
  weights: ReadonlyMap<string, readonly Float32Array[]>,
  names: readonly string[],
  signals: readonly number[],
): number {
  let sum = 0;
  for (const [i, name] of names.entries()) {
    const own = weights.get(name) ?? [];
    let [total, count] = [0, 0];
    for (const values of own) {
      for (const value of values) total += value;
      count += values.length;
    }
    sum += (total / Math.max(1, count)) * (signals[i] ?? 0);
  }
  return sum / names.length;
}
