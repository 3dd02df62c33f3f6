import { createHash } from 'node:crypto';
import type { HistogramSet } from '../../../native/index';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Shard } from '../../../src-shared/contract/job-specs';
import type { SkippedImage } from '../../../src-shared/domain/project/image-set';
import { mismatchOf, raiseMaxima, type ChannelMaxima } from './channel-maxima';
import type { ChannelTensor } from '../../onnx/passes/channel-path';
import type { CollectorState } from './collector';
import type { HistogramFile, NonFiniteImage } from './histogram-file';

export type CreateHistogramSet = (tensorCount: number) => HistogramSet;

/**
 * Everything that was collected so far: histograms per group and tensor, and the images that they hold. Merging is
 * exact and commutative: the order of images, workers, interruptions and shards does not change the state.
 */
export class CalibrationState {
  private readonly sets = new Map<string, HistogramSet>();
  private readonly amaxByImage = new Map<string, Float32Array>();
  private readonly skippedById = new Map<string, SkippedImage>();
  private readonly nonFiniteByImage = new Map<string, NonFiniteImage>();
  private readonly channels = new Map<string, Float32Array>();
  seconds = 0;

  constructor(
    private readonly key: string,
    readonly tensors: readonly string[],
    /** Those of `tensors` whose channel maxima are collected. */
    readonly channelTensors: readonly ChannelTensor[],
    private readonly createSet: CreateHistogramSet,
  ) {}

  get imageCount(): number {
    return this.amaxByImage.size;
  }

  get groups(): readonly string[] {
    return [...this.sets.keys()].sort();
  }

  get skipped(): readonly SkippedImage[] {
    return sortedValues(this.skippedById);
  }

  get nonFinite(): readonly NonFiniteImage[] {
    return sortedValues(this.nonFiniteByImage);
  }

  /** True if the image was counted or found unusable before. An image that was absent may exist now. */
  isDone(id: string): boolean {
    const skipped = this.skippedById.get(id);
    return this.amaxByImage.has(id) || (skipped !== undefined && skipped.isAbsent !== true);
  }

  addImage(id: string, amax: Float32Array, nonFiniteTensors: readonly number[]): void {
    this.amaxByImage.set(id, amax);
    this.skippedById.delete(id);
    if (nonFiniteTensors.length > 0) {
      this.nonFiniteByImage.set(id, { file: id, tensors: nonFiniteTensors.map((i) => this.tensors[i] ?? '') });
    }
  }

  addSkipped(id: string, skipped: SkippedImage): void {
    this.skippedById.set(id, skipped);
  }

  mergeCounts(state: CollectorState): void {
    for (const [tensor, maxima] of state.channels) raiseMaxima(this.channels, tensor, maxima);
    for (const [group, records] of Object.entries(state.groups)) {
      let set = this.sets.get(group);
      if (!set) {
        set = this.createSet(this.tensors.length);
        this.sets.set(group, set);
      }
      for (const [tensor, record] of records.entries()) set.mergeEncoded(tensor, record);
    }
  }

  /** @throws WorkbenchError calibration-mismatch if the file belongs to another calibration or repeats images */
  mergeFile(file: HistogramFile, path: string): void {
    if (file.header.key !== this.key || file.header.tensors.join('\n') !== this.tensors.join('\n')) {
      throw new WorkbenchError(
        'calibration-mismatch',
        `${path} was collected for another model, image set or preprocessing`,
        {
          hint: 'Collect all shards with the same model, images, preprocessing and version.',
        },
      );
    }
    const repeated = file.header.images.find((id) => this.amaxByImage.has(id));
    if (repeated !== undefined) {
      throw new WorkbenchError(
        'calibration-mismatch',
        `${path} counts ${repeated}, which another shard has counted already`,
        {
          hint: 'Name every shard once.',
        },
      );
    }
    const mismatch = mismatchOf(file.channels, this.channelTensors);
    if (mismatch !== null) {
      throw new WorkbenchError('calibration-mismatch', `${path} ${mismatch}`, {
        hint: 'Collect all shards with the same version.',
      });
    }
    const channels = new Map(file.channels?.tensors.map(({ tensor, maxima }) => [tensor, maxima]));
    this.mergeCounts({ groups: file.records, channels });
    const width = this.tensors.length;
    for (const [i, id] of file.header.images.entries())
      this.amaxByImage.set(id, file.amax.slice(i * width, (i + 1) * width));
    for (const skipped of file.header.skipped) this.skippedById.set(skipped.file, skipped);
    for (const item of file.header.nonFinite) this.nonFiniteByImage.set(item.file, item);
    this.seconds += file.header.seconds ?? 0;
  }

  toFile(shard: Shard | null): HistogramFile {
    const images = [...this.amaxByImage.keys()].sort();
    const width = this.tensors.length;
    const amax = new Float32Array(images.length * width);
    for (const [i, id] of images.entries()) amax.set(this.amaxByImage.get(id) ?? new Float32Array(width), i * width);
    const groups = this.groups;
    return {
      header: {
        key: this.key,
        tensors: this.tensors,
        groups,
        images,
        skipped: this.skipped,
        nonFinite: this.nonFinite,
        shard,
      },
      records: Object.fromEntries(groups.map((group) => [group, this.encodeAll(group)])),
      amax,
      channels: this.channelMaxima(),
      grid: null,
    };
  }

  /** Largest finite |x| of each channel of `channelTensors` over all images. */
  channelMaxima(): ChannelMaxima {
    const tensors = this.channelTensors.map(({ tensor, axis }) => ({
      tensor,
      axis,
      maxima: this.channels.get(tensor) ?? new Float32Array(),
    }));
    return { key: this.key, tensors };
  }

  /** Encoded histogram of every tensor over all groups, in the order of `tensors`. */
  totals(): Uint8Array[] {
    const total = this.createSet(this.tensors.length);
    for (const group of this.groups) {
      for (const [tensor, record] of this.encodeAll(group).entries()) total.mergeEncoded(tensor, record);
    }
    return this.tensors.map((_, tensor) => total.encode(tensor));
  }

  private encodeAll(group: string): Uint8Array[] {
    const set = this.sets.get(group);
    return set ? this.tensors.map((_, tensor) => set.encode(tensor)) : [];
  }
}

/** Identity of a calibration's content: sha256 over name and encoded histogram of every tensor, sorted by name. */
export function contentHash(tensors: readonly string[], totals: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  const order = tensors.map((name, i) => ({ name, i })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, i } of order) {
    hash
      .update(name)
      .update('\0')
      .update(totals[i] ?? new Uint8Array());
  }
  return hash.digest('hex');
}

function sortedValues<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
