import type { NativeAddon, NativeCollector, NativeCollectorOptions, NativeFeed } from '../../../native/index';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { messageOf } from '../../base/file-errors';
import { FEED_ELEMENT_TYPES, type Feed } from '../../backends/feeds';
import type { OnnxruntimeLibrary } from '../../backends/onnxruntime-library';
import { explainFailure, refusedModel } from '../../backends/ort-session';
import type { CountingModel } from './collection-model';
import { optimizedCounting } from './optimized-counting';
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

export interface CountingOptions extends CollectorOptions {
  readonly counting: CountingModel;
  /** Folder for a model that all workers share, see optimizedCounting; null: none. */
  readonly optimizedDir: string | null;
  readonly library: OnnxruntimeLibrary;
  readonly addon: Pick<NativeAddon, 'Collector' | 'writeOptimizedModel'>;
}

/**
 * Counts tensors inside ONNX Runtime: operators of the counting model read the values where they are, on a thread of
 * the collector, so that nothing is copied to JavaScript.
 */
export class CountingCollector implements Collector, CollectorRuns {
  /** Groups in the order of their first images; the native collector knows their positions. */
  private readonly groups: string[] = [];
  private readonly planner: BatchPlanner;

  /** @param plainReason why tensors in groups of channels are reordered before they are counted; null: they are not. */
  private constructor(
    private readonly options: CountingOptions,
    private readonly native: NativeCollector,
    readonly plainReason: string | null,
  ) {
    this.planner = new BatchPlanner(options.feeding, this);
  }

  /** @throws WorkbenchError model-unsupported with ONNX Runtime's own message when it refuses the model. */
  static async open(options: CountingOptions): Promise<CountingCollector> {
    const { addon, counting } = options;
    const optimizedDir = counting.mayHaveBlocks ? options.optimizedDir : null;
    const asGiven = nativeOptions(options);
    try {
      const found = optimizedDir === null ? null : await optimizedCounting(asGiven, optimizedDir, addon);
      let plainReason = found?.failure ?? null;
      if (found?.optimized) {
        try {
          const native = new addon.Collector({ ...asGiven, ...found.optimized, isOptimized: true });
          return new CountingCollector(options, native, null);
        } catch (error) {
          plainReason = messageOf(error);
        }
      }
      return new CountingCollector(options, new addon.Collector(asGiven), plainReason);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof WorkbenchError) throw error;
      throw refusedModel(error);
    }
  }

  collect(images: readonly CollectedImage[]): Promise<ImageContribution[]> {
    return this.planner.collect(images);
  }

  takeState(): CollectorState {
    const { tensors, channels } = this.options;
    const state = {
      groups: Object.fromEntries(
        this.groups.map((name, group) => [name, tensors.map((_, tensor) => this.native.encode(group, tensor))]),
      ),
      channels: new Map(
        channels
          .map(({ tensor }) => [tensor, this.native.channelMaxima(tensors.indexOf(tensor))] as const)
          .filter(([, maxima]) => maxima.length > 0),
      ),
    };
    this.native.clear();
    return state;
  }

  async count({ feeds, groups, slots, isSplit }: CollectorBatch): Promise<ImageContribution[]> {
    const width = this.options.tensors.length;
    const split = Uint8Array.from(this.options.tensors, (_, tensor) => (isSplit(tensor) ? 1 : 0));
    const positions = groups.map((group) => this.positionOf(group));
    const { amax, nonFinite } = await this.explained(
      feeds,
      this.native.count(this.feed(feeds), positions, slots, split),
    );
    return groups.map((_, image) => ({
      amax: amax.slice(image * width, (image + 1) * width),
      nonFinite: [...nonFinite.subarray(image * width, (image + 1) * width)].flatMap((has, tensor) =>
        has === 0 ? [] : [tensor],
      ),
    }));
  }

  async fingerprints(feeds: readonly Feed[], slots: number): Promise<(Fingerprint | null)[]> {
    return this.explained(feeds, this.native.fingerprints(this.feed(feeds), slots));
  }

  private feed(feeds: readonly Feed[]): NativeFeed[] {
    return feeds.map(({ dtype, dims, data }, input) => ({ input, elementType: FEED_ELEMENT_TYPES[dtype], dims, data }));
  }

  private explained<T>(feeds: readonly Feed[], run: Promise<T>): Promise<T> {
    return run.catch((error: unknown) => {
      throw explainFailure(error, feeds, (name) => this.isResizable(name));
    });
  }

  private isResizable(name: string): boolean {
    const dims = this.options.feeding.inputs.find((input) => input.name === name)?.dims ?? [];
    return dims.length === IMAGE_DIMS && dims.some((dim) => typeof dim !== 'number');
  }

  private positionOf(group: string): number {
    const known = this.groups.indexOf(group);
    return known >= 0 ? known : this.groups.push(group) - 1;
  }
}

function nativeOptions({
  tensors,
  channels,
  feeding,
  weightsDir,
  counting,
  library,
}: CountingOptions): NativeCollectorOptions {
  const positions = new Map(tensors.map((name, i) => [name, i]));
  const axes = new Map(channels.map(({ tensor, axis }) => [tensor, axis]));
  return {
    library: library.path,
    version: library.version,
    model: counting.model,
    output: counting.output,
    weightsDir,
    inputs: feeding.inputs.map(({ name }) => ({ name, tensor: positions.get(name) ?? null })),
    axes: tensors.map((name) => axes.get(name) ?? null),
    derived: counting.derived,
  };
}

/** Channels, height and width, in either layout. */
const IMAGE_DIMS = 3;
