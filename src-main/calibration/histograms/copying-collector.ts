import { raiseMaxima } from './channel-maxima';
import type { NativeAddon } from '../../../native/index';
import type { Feed } from '../../backends/feeds';
import { OrtSession } from '../../backends/ort-session';
import type { OutputTensor } from '../../backends/runnable-variant';
import {
  BatchPlanner,
  type CollectedImage,
  type Collector,
  type CollectorBatch,
  type CollectorOptions,
  type CollectorRuns,
  type CollectorState,
  type Fingerprint,
  type ImageContribution,
} from './collector';

/** Counts the values of all tensors: the part of the native histogram sets that collecting needs. */
export interface CountingSet {
  addImage(values: readonly (Float32Array | null)[], part: number, parts: number, amaxOut: Float32Array): number;
  nonFiniteOf(tensor: number): number;
  encode(tensor: number): Uint8Array;
  clear(): void;
}

export interface CopyingOptions extends CollectorOptions {
  /** The encoded collection model, see collectionModel: its outputs are the tensors except the graph's inputs. */
  readonly model: Uint8Array;
  readonly createSet: (tensorCount: number) => CountingSet;
  readonly addon: Pick<NativeAddon, 'fingerprint' | 'channelMaxima'>;
  /** Run the model node by node as it is written, without ONNX Runtime's graph optimizations. */
  readonly asWritten?: boolean;
}

/**
 * Collects the outputs of a session of onnxruntime-node, which copies every tensor to JavaScript. Output buffers are
 * reused from image to image.
 */
export class CopyingCollector implements Collector, CollectorRuns {
  private readonly sets = new Map<string, CountingSet>();
  private channels = new Map<string, Float32Array>();
  private readonly buffers = new Map<string, OutputTensor>();
  /** The shapes of the inputs that the buffers are for. */
  private bufferedShapes = '';
  private reuseBuffers = true;
  private readonly planner: BatchPlanner;

  private constructor(
    private readonly session: OrtSession,
    private readonly options: CopyingOptions,
  ) {
    this.planner = new BatchPlanner(options.feeding, this);
  }

  static async open(options: CopyingOptions): Promise<CopyingCollector> {
    const { model, weightsDir, asWritten = false } = options;
    const session = await OrtSession.open({
      model,
      weightsDir,
      threads: 1,
      simulate: false,
      hasFp16: false,
      asWritten,
    });
    return new CopyingCollector(session, options);
  }

  collect(images: readonly CollectedImage[]): Promise<ImageContribution[]> {
    return this.planner.collect(images);
  }

  takeState(): CollectorState {
    const groups = Object.fromEntries(
      [...this.sets].map(([group, set]) => {
        const records = this.options.tensors.map((_, tensor) => set.encode(tensor));
        set.clear();
        return [group, records];
      }),
    );
    const { channels } = this;
    this.channels = new Map();
    return { groups, channels };
  }

  async count({ feeds, groups, slots, isSplit }: CollectorBatch): Promise<ImageContribution[]> {
    const tensors = await this.infer(feeds);
    this.noteChannels(tensors);
    const pieces = tensors.map((tensor, i) => (isSplit(i) ? (tensor?.values ?? null) : null));
    const whole = tensors.map((tensor, i) => (isSplit(i) ? null : (tensor?.values ?? null)));
    return groups.map((group, slot) =>
      // A constant tensor is counted once per image: the counts must not depend on which images shared a batch.
      mergeContributions(this.addImage(pieces, group, slot, slots), this.addImage(whole, group, 0, 1)),
    );
  }

  async fingerprints(feeds: readonly Feed[], slots: number): Promise<(Fingerprint | null)[]> {
    const tensors = await this.infer(feeds);
    return tensors.map((tensor) => tensor && this.options.addon.fingerprint(tensor.values, slots));
  }

  /** Runs one batch. Returns every tensor, in the order of `tensors`; null for a tensor that is not float32. */
  private async infer(feeds: readonly Feed[]): Promise<(FloatTensor | null)[]> {
    const outputs = this.session.outputNames.length === 0 ? [] : await this.runReusing(feeds);
    const byName = new Map([...feeds, ...outputs].map((each) => [each.name, each] as const));
    return this.options.tensors.map((name) => {
      const { data, dims = [] } = byName.get(name) ?? {};
      return data instanceof Float32Array ? { values: data, dims } : null;
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

  private noteChannels(tensors: readonly (FloatTensor | null)[]): void {
    // Slots without an image of their own repeat one, so that they do not change the maxima.
    for (const { tensor, axis } of this.options.channels) {
      const found = tensors[this.options.tensors.indexOf(tensor)];
      if (found) raiseMaxima(this.channels, tensor, this.options.addon.channelMaxima(found.values, found.dims, axis));
    }
  }

  private addImage(
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

interface FloatTensor {
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

function mergeContributions(a: ImageContribution, b: ImageContribution): ImageContribution {
  return {
    amax: a.amax.map((value, i) => (Number.isNaN(value) ? (b.amax[i] ?? Number.NaN) : value)),
    nonFinite: [...a.nonFinite, ...b.nonFinite].sort((one, other) => one - other),
  };
}
