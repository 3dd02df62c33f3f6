import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ChannelTensor } from '../../onnx/passes/channel-path';
import { shapeKey, stackImages, type Feed, type PreparedImage } from '../../backends/feeds';

export interface CollectedImage {
  readonly image: PreparedImage;
  readonly group: string;
}

/** The result of collecting one image. */
export interface ImageContribution {
  /** Largest finite |x| per tensor, float32; NaN for a tensor that is not float32. */
  readonly amax: Float32Array;
  /** Indices of the tensors that contain NaN or infinity for this image. */
  readonly nonFinite: readonly number[];
}

/** The merged states of all collectors are the calibration. */
export interface CollectorState {
  /** Group -> one encoded record per tensor. */
  readonly groups: Readonly<Record<string, readonly Uint8Array[]>>;
  /** Tensor -> largest finite |x| of each channel over all images, float32. */
  readonly channels: ReadonlyMap<string, Float32Array>;
}

/** Runs the model over images and counts the values of its tensors. Every worker has a collector of its own. */
export interface Collector {
  /** Collects up to `batchSize` images. */
  collect(images: readonly CollectedImage[]): Promise<ImageContribution[]>;
  /** Returns everything that was counted since the last call, and starts again from zero. */
  takeState(): CollectorState;
}

export interface CollectorOptions {
  readonly weightsDir: string;
  /** Tensors to collect, in a fixed order. */
  readonly tensors: readonly string[];
  readonly feeding: Feeding;
  /** Those of `tensors` whose channel maxima are collected. */
  readonly channels: readonly ChannelTensor[];
}

/**
 * How a tensor of a model with a fixed batch depends on the images of the batch. `split`: equal contiguous pieces, one
 * per image. `constant`: the same for any images, and not divisible by their number. `mixed`: anything else.
 */
export type BatchKind = 'split' | 'constant' | 'mixed';

/**
 * Describes the values of a tensor in one run: equal values have equal fingerprints. See native/core/tensor_counts.h.
 */
export interface Fingerprint {
  readonly count: number;
  readonly whole: bigint;
  /** Of the values before the last of B equal pieces. */
  readonly head: bigint;
}

/** One run of the model. */
export interface CollectorBatch {
  readonly feeds: readonly Feed[];
  /** The group of each image; slots behind them repeat the last image and are not counted. */
  readonly groups: readonly string[];
  readonly slots: number;
  /** Tensor -> whether it has one piece for each slot. Other tensors are counted whole for every image. */
  readonly isSplit: (tensor: number) => boolean;
}

/** What a collector does with one run of the model. */
export interface CollectorRuns {
  /** Runs the model and counts its tensors. */
  count(batch: CollectorBatch): Promise<ImageContribution[]>;
  /** Runs the model and describes its tensors; null for tensors that are not float32. */
  fingerprints(feeds: readonly Feed[], slots: number): Promise<(Fingerprint | null)[]>;
}

/** Divides images into runs of a model with a fixed batch. The counts do not depend on which images share a batch. */
export class BatchPlanner {
  private isAloneMode: boolean | null = null;
  private kinds: readonly BatchKind[] = [];
  private readonly batchSize: number;

  constructor(
    private readonly feeding: Feeding,
    private readonly runs: CollectorRuns,
  ) {
    this.batchSize = feeding.fixedBatch ?? 1;
  }

  async collect(images: readonly CollectedImage[]): Promise<ImageContribution[]> {
    const first = images[0];
    if (!first) return [];
    if (this.batchSize === 1) return this.collectAlone(first);
    this.isAloneMode ??= await this.needsImagesAlone(first.image);
    // Images of several sizes do not fit into one batch.
    const isMixed = images.some(({ image }) => shapeKey(image) !== shapeKey(first.image));
    if (!this.isAloneMode && !isMixed) return this.collectBatch(images);
    const contributions: ImageContribution[] = [];
    for (const image of images) contributions.push(...(await this.collectAlone(image)));
    return contributions;
  }

  /** Fills the batch by repeating the last image; the copies are not counted. */
  private collectBatch(images: readonly CollectedImage[]): Promise<ImageContribution[]> {
    return this.runs.count({
      feeds: this.stack(images.map(({ image }) => image)),
      groups: images.map(({ group }) => group),
      slots: this.batchSize,
      isSplit: (tensor) => this.kinds[tensor] === 'split',
    });
  }

  /**
   * One image in all slots, which are counted together. This is how models are counted whose tensors mix the images of
   * a batch, such as transformers with the sequence as first axis: the counts depend on single images only.
   */
  private collectAlone({ image, group }: CollectedImage): Promise<ImageContribution[]> {
    return this.runs.count({ feeds: this.stack([image]), groups: [group], slots: 1, isSplit: () => false });
  }

  /**
   * Finds out how tensors depend on the slots of a batch of B images by changing the last slot only: a `split` tensor
   * keeps its leading (B-1)/B values, a `constant` one keeps all. Returns whether some tensor is `mixed`.
   */
  private async needsImagesAlone(image: PreparedImage): Promise<boolean> {
    const slots = this.batchSize;
    const same = await this.runs.fingerprints(this.stack([image]), slots);
    const other = { ...image, feeds: image.feeds.map(changedFeed) };
    const images = [...Array.from({ length: slots - 1 }, () => image), other];
    const changed = await this.runs.fingerprints(this.stack(images), slots);
    this.kinds = same.map((before, i) => batchKind(before, changed[i] ?? null, slots));
    return this.kinds.includes('mixed');
  }

  private stack(images: readonly PreparedImage[]): Feed[] {
    return stackImages(this.feeding, images, this.batchSize);
  }
}

/** Other values for the same input: integers only change places, because another one may be no valid index. */
function changedFeed(feed: Feed): Feed {
  const { data } = feed;
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  return { ...feed, data: isFloat ? data.map((value) => 1 - 0.5 * value) : data.slice().reverse() };
}

function batchKind(before: Fingerprint | null, after: Fingerprint | null, slots: number): BatchKind {
  if (!before || !after || before.count !== after.count) return before === after ? 'constant' : 'mixed';
  const isDivisible = before.count % slots === 0;
  // Equal values prove nothing, because a Relu may yield zeros only. If the tensor can be split, splitting it is never
  // wrong.
  if (before.whole === after.whole) return isDivisible ? 'split' : 'constant';
  return isDivisible && before.head === after.head ? 'split' : 'mixed';
}
