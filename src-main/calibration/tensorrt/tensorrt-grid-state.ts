import type { NativeAddon, TensorrtGridSet } from '../../../native/index';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { entropyIndex as searchEntropyIndex } from '../../../src-shared/domain/histograms/entropy-search';
import { tensorrtEntropyThreshold, type TensorrtThreshold } from '../../../src-shared/domain/histograms/tensorrt-grid';
import type { Tensor } from '../../onnx/graph/model';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import type { TensorrtGridFile, TensorrtGridHeader } from './tensorrt-grid-file';
import type { CacheName } from './tensorrt-names';

/** Identity of a collection of grids. States with the same identity can be merged. */
export type GridIdentity = Pick<TensorrtGridHeader, 'key' | 'batch' | 'firstImages' | 'tensors'>;

type GridAddon = Pick<NativeAddon, 'TensorrtGridSet'>;

/**
 * TensorRT's grid of every activation, as collected so far. The first batch determines the initial range of each grid.
 * After that the state does not depend on the order of images, workers, interruptions and shards.
 */
export class TensorrtGridState {
  private readonly set: TensorrtGridSet;

  /** @param firstAmax largest |x| of the first batch for each tensor, real units. */
  constructor(
    private readonly identity: GridIdentity,
    readonly firstAmax: Float32Array,
    private readonly addon: GridAddon,
  ) {
    this.set = new addon.TensorrtGridSet(firstAmax);
  }

  /** Creates a state with the counts of a file. */
  static fromFile(file: TensorrtGridFile, addon: GridAddon): TensorrtGridState {
    // A record begins with its version (u8) and first range (f32), see native/core/tensorrt_grid.h.
    const firstAmax = Float32Array.from(file.records, (record) =>
      record.length < 5 ? 0 : Buffer.from(record).readFloatLE(1),
    );
    const state = new TensorrtGridState(file.header, firstAmax, addon);
    state.mergeRecords(file.records);
    return state;
  }

  mergeRecords(records: readonly Uint8Array[]): void {
    for (const [tensor, record] of records.entries()) this.set.mergeEncoded(tensor, record);
  }

  /** @throws WorkbenchError calibration-mismatch if the grids of the file have other initial ranges. */
  mergeFile(file: TensorrtGridFile, path: string): void {
    if (!isSameGrid(this.identity, file.header)) {
      throw new WorkbenchError(
        'calibration-mismatch',
        `${path} holds TensorRT's grid for another first batch (${file.header.batch} images) than the files ` +
          `before it (${this.identity.batch})`,
        {
          hint: advise('collect-shards-of-one-list'),
        },
      );
    }
    this.mergeRecords(file.records);
  }

  /** @param names names whose thresholds are stored; null to store none, as in a checkpoint. */
  toFile(names: readonly CacheName[] | null): TensorrtGridFile {
    const { key, batch, firstImages, tensors } = this.identity;
    return {
      header: { key, batch, firstImages, tensors, thresholds: names === null ? null : this.thresholds(names) },
      records: tensors.map((_, tensor) => this.set.encode(tensor)),
    };
  }

  /** The thresholds in the order of `names`. */
  private thresholds(names: readonly CacheName[]): TensorrtThreshold[] {
    const byName = new Map<string, TensorrtThreshold>();
    for (const [tensor, name] of this.identity.tensors.entries())
      byName.set(name, thresholdOf({ name, kind: 'activation' }, this.set, tensor));
    // The nodes are in topological order, so that all MaxPools of a chain get the scale of the first input.
    for (const entry of names) {
      if (entry.kind === 'constant') byName.set(entry.name, constantThreshold(entry.name, entry.values, this.addon));
      else if (entry.kind === 'activation' && entry.maxPoolOf !== null)
        copyEntropy(entry.name, entry.maxPoolOf, byName);
    }
    for (const entry of names) {
      const source = entry.kind === 'alias' ? byName.get(entry.of) : undefined;
      if (source) byName.set(entry.name, { ...source, name: entry.name });
    }
    return names.flatMap(({ name }) => byName.get(name) ?? []);
  }
}

export function isSameGrid(a: GridIdentity, b: GridIdentity): boolean {
  const same = (x: readonly string[], y: readonly string[]): boolean =>
    x.length === y.length && x.every((item, i) => item === y[i]);
  return a.key === b.key && a.batch === b.batch && same(a.firstImages, b.firstImages) && same(a.tensors, b.tensors);
}

function thresholdOf(
  what: Pick<TensorrtThreshold, 'name' | 'kind'>,
  set: TensorrtGridSet,
  tensor: number,
): TensorrtThreshold {
  const { amax, range, counts } = set.grid(tensor);
  const entropyIndex = amax === 0 ? null : searchEntropyIndex(counts);
  return {
    ...what,
    amax,
    entropy: entropyIndex === null ? 0 : tensorrtEntropyThreshold(entropyIndex, range),
    entropyIndex,
  };
}

/**
 * A constant is the same in every batch, and the result of the threshold search does not depend on how often it was
 * counted.
 */
function constantThreshold(name: string, tensor: Tensor, addon: GridAddon): TensorrtThreshold {
  const values = tensorAsFloat32(tensor);
  const amax = values.reduce((largest, value) => Math.max(largest, Number.isFinite(value) ? Math.abs(value) : 0), 0);
  const set = new addon.TensorrtGridSet(Float32Array.of(amax));
  set.addImage([values], 0, 1, new Float32Array(1));
  return thresholdOf({ name, kind: 'constant' }, set, 0);
}

/** TensorRT uses the entropy scale of the input for the output of a MaxPool. */
function copyEntropy(name: string, from: string, byName: Map<string, TensorrtThreshold>): void {
  const own = byName.get(name);
  const source = byName.get(from);
  if (own && source) byName.set(name, { ...own, entropy: source.entropy, entropyIndex: null });
}
