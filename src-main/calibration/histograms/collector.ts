import type { Feeding } from '../../../src-shared/domain/project/feeding';
import { shapeKey, stackImages, type Feed, type FeedData, type PreparedImage } from '../../backends/feeds';
import type { OutputTensor } from '../../backends/runnable-variant';
import { OrtSession } from '../../backends/ort-session';

export interface CollectedImage {
  readonly image: PreparedImage;
  readonly group: string;
}

/** The result of collecting one image. */
export interface ImageContribution {
  /** Largest finite |x| per tensor, float32; NaN for a tensor that cannot be split by image. */
  readonly amax: Float32Array;
  /** Indices of the tensors that contain NaN or infinity for this image. */
  readonly nonFinite: readonly number[];
}

/** Group -> one encoded record per tensor. The merged states of all collectors are the calibration. */
export type CollectorState = Readonly<Record<string, readonly Uint8Array[]>>;

/** Runs the model over images and counts the values of its tensors. Every worker has a collector of its own. */
export interface Collector {
  /** Collects up to `batchSize` images. */
  collect(images: readonly CollectedImage[]): Promise<ImageContribution[]>;
  /** Returns everything that was counted since the last call, and starts again from zero. */
  takeState(): CollectorState;
}

/** Counts the values of all tensors: the part of the native histogram sets that collecting needs. */
export interface CountingSet {
  addImage(values: readonly (Float32Array | null)[], part: number, parts: number, amaxOut: Float32Array): number;
  nonFiniteOf(tensor: number): number;
  encode(tensor: number): Uint8Array;
  clear(): void;
}

export interface CollectorOptions {
  /** The encoded collection model, see collectionModel: its outputs are the tensors except the graph's inputs. */
  readonly model: Uint8Array;
  readonly weightsDir: string;
  /** Tensors to collect, in a fixed order. */
  readonly tensors: readonly string[];
  readonly feeding: Feeding;
  readonly createSet: (tensorCount: number) => CountingSet;
  /** Run the model node by node as it is written, without ONNX Runtime's graph optimizations. */
  readonly asWritten?: boolean;
}

/**
 * How a tensor of a model with a fixed batch depends on the images of the batch. `split`: equal contiguous pieces, one
 * per image. `constant`: the same for any images, and not divisible by their number. `mixed`: anything else.
 */
type BatchKind = 'split' | 'constant' | 'mixed';

/** Collects the outputs of an ONNX Runtime session. Output buffers are reused from image to image. */
export class OrtCollector implements Collector {
  private readonly sets = new Map<string, CountingSet>();
  private readonly buffers = new Map<string, OutputTensor>();
  /** The shapes of the inputs that the buffers are for. */
  private bufferedShapes = '';
  private reuseBuffers = true;
  private isAloneMode: boolean | null = null;
  private kinds: readonly BatchKind[] = [];
  private readonly batchSize: number;

  private constructor(
    private readonly session: OrtSession,
    private readonly options: CollectorOptions,
  ) {
    this.batchSize = options.feeding.fixedBatch ?? 1;
  }

  static async open(options: CollectorOptions): Promise<OrtCollector> {
    const { model, weightsDir, asWritten = false } = options;
    const session = await OrtSession.open({
      model,
      weightsDir,
      threads: 1,
      simulate: false,
      hasFp16: false,
      asWritten,
    });
    return new OrtCollector(session, options);
  }

  async collect(images: readonly CollectedImage[]): Promise<ImageContribution[]> {
    const first = images[0];
    if (!first) return [];
    if (this.batchSize === 1) return [await this.collectOne(first)];
    this.isAloneMode ??= await this.needsImagesAlone(first.image);
    // Images of several sizes do not fit into one batch.
    const isMixed = images.some(({ image }) => shapeKey(image) !== shapeKey(first.image));
    if (!this.isAloneMode && !isMixed) return this.collectBatch(images);
    const contributions: ImageContribution[] = [];
    for (const image of images) contributions.push(await this.collectAlone(image));
    return contributions;
  }

  takeState(): CollectorState {
    return Object.fromEntries(
      [...this.sets].map(([group, set]) => {
        const records = this.options.tensors.map((_, tensor) => set.encode(tensor));
        set.clear();
        return [group, records];
      }),
    );
  }

  private async collectOne({ image, group }: CollectedImage): Promise<ImageContribution> {
    return this.count(await this.infer([image]), group, 0, 1);
  }

  /** Fills the batch by repeating the last image; the copies are not counted. */
  private async collectBatch(images: readonly CollectedImage[]): Promise<ImageContribution[]> {
    const values = await this.infer(images.map(({ image }) => image));
    return images.map(({ group }, slot) => {
      const pieces = this.count(this.only(values, 'split'), group, slot, this.batchSize);
      // A constant tensor is counted once per image: the counts must not depend on which images shared a batch.
      return mergeContributions(pieces, this.count(this.only(values, 'constant'), group, 0, 1));
    });
  }

  /**
   * For models whose tensors mix the images of a batch, such as transformers with the sequence as first axis. Every
   * slot holds the same image and all slots are counted, so that the counts depend on single images only.
   */
  private async collectAlone({ image, group }: CollectedImage): Promise<ImageContribution> {
    return this.count(await this.infer([image]), group, 0, 1);
  }

  private only(values: readonly (Float32Array | null)[], kind: BatchKind): (Float32Array | null)[] {
    return values.map((value, i) => (this.kinds[i] === kind ? value : null));
  }

  /**
   * Finds out how tensors depend on the slots of a batch of B images by changing the last slot only: a `split` tensor
   * keeps its leading (B-1)/B values, a `constant` one keeps all. Returns whether some tensor is `mixed`.
   */
  private async needsImagesAlone(image: PreparedImage): Promise<boolean> {
    const batch = this.batchSize;
    const same = (await this.infer([image])).map((value) => value?.slice() ?? null);
    const other = { ...image, feeds: image.feeds.map(changedFeed) };
    const changed = await this.infer([...Array.from({ length: batch - 1 }, () => image), other]);
    this.kinds = same.map((before, i) => batchKind(before, changed[i] ?? null, batch));
    return this.kinds.includes('mixed');
  }

  /**
   * Runs one batch, which is filled up by repeating the last image. Returns the values of every tensor, in the order of
   * `tensors`; null for a tensor that is not float32.
   */
  private async infer(images: readonly PreparedImage[]): Promise<(Float32Array | null)[]> {
    const feeds = stackImages(this.options.feeding, images, this.batchSize);
    const outputs = this.session.outputNames.length === 0 ? [] : await this.runReusing(feeds);
    const byName = new Map([...feeds, ...outputs].map(({ name, data }): [string, FeedData | null] => [name, data]));
    return this.options.tensors.map((name) => {
      const values = byName.get(name);
      return values instanceof Float32Array ? values : null;
    });
  }

  /**
   * From the second image on, ONNX Runtime writes into the same buffers, so that memory use does not depend on the
   * garbage collector. A model whose output shapes depend on the data gets new buffers for each image.
   */
  private async runReusing(feeds: readonly Feed[]): Promise<readonly OutputTensor[]> {
    const shapes = feeds.map(({ dims }) => dims.join('x')).join(' ');
    if (shapes !== this.bufferedShapes) this.buffers.clear();
    this.bufferedShapes = shapes;
    if (this.reuseBuffers && this.buffers.size > 0) {
      try {
        return await this.session.run(feeds, this.buffers);
      } catch (error) {
        if (!(error instanceof Error && /shape/i.test(error.message))) throw error;
        this.reuseBuffers = false;
        this.buffers.clear();
      }
    }
    const outputs = await this.session.run(feeds);
    if (this.reuseBuffers) {
      for (const output of outputs) {
        if (output.data && output.data.length > 0)
          this.buffers.set(output.name, { ...output, data: new Float32Array(output.data.length) });
      }
    }
    return outputs;
  }

  private count(
    values: readonly (Float32Array | null)[],
    group: string,
    part: number,
    parts: number,
  ): ImageContribution {
    const set = this.setOf(group);
    const amax = new Float32Array(values.length).fill(Number.NaN);
    const before = values.map((_, tensor) => set.nonFiniteOf(tensor));
    const hasNonFinite = set.addImage(values, part, parts, amax) > 0;
    const nonFinite = hasNonFinite
      ? before.flatMap((count, tensor) => (set.nonFiniteOf(tensor) > count ? [tensor] : []))
      : [];
    return { amax, nonFinite };
  }

  private setOf(group: string): CountingSet {
    let set = this.sets.get(group);
    if (!set) {
      set = this.options.createSet(this.options.tensors.length);
      this.sets.set(group, set);
    }
    return set;
  }
}

/** Other values for the same input: integers only change places, because another one may be no valid index. */
function changedFeed(feed: Feed): Feed {
  const { data } = feed;
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  return { ...feed, data: isFloat ? data.map((value) => 1 - 0.5 * value) : data.slice().reverse() };
}

function batchKind(before: Float32Array | null, after: Float32Array | null, batch: number): BatchKind {
  if (!before || !after || before.length !== after.length) return before === after ? 'constant' : 'mixed';
  const firstChanged = before.findIndex((value, i) => !Object.is(value, after[i]));
  const isDivisible = before.length % batch === 0;
  // Equal values prove nothing, because a Relu may yield zeros only. If the tensor can be split, splitting it is never
  // wrong.
  if (firstChanged === -1) return isDivisible ? 'split' : 'constant';
  return isDivisible && firstChanged >= (before.length / batch) * (batch - 1) ? 'split' : 'mixed';
}

function mergeContributions(a: ImageContribution, b: ImageContribution): ImageContribution {
  return {
    amax: a.amax.map((value, i) => (Number.isNaN(value) ? (b.amax[i] ?? Number.NaN) : value)),
    nonFinite: [...a.nonFinite, ...b.nonFinite],
  };
}
