import { ownValue } from '../../base/records';
import { kernelKey, parseKernelKey, type KernelShape, type KernelTimes } from './kernel-times';

/** Times of a layer in both precisions, in milliseconds. */
export interface BothTimes {
  readonly floatMs: number;
  readonly int8Ms: number;
  /** Keys of the two measured shapes between which this one lies; absent if it was measured itself. */
  readonly between?: readonly [smaller: string, larger: string];
}

/** Sizes of two measured shapes may differ by this factor for a shape between them. */
const MAX_FACTOR = 4;

interface Entry {
  readonly key: string;
  readonly extent: readonly number[];
  readonly floatMs: number;
  readonly int8Ms: number;
}

/** Looks up times in a table. */
export class KernelLookup {
  /** Shapes that differ only in channels and positions. */
  private readonly families = new Map<string, Entry[]>();
  readonly batches: readonly number[];

  constructor(private readonly table: KernelTimes) {
    const batches = new Set<number>();
    for (const [key, { floatMs, int8Ms }] of Object.entries(table.times)) {
      const shape = parseKernelKey(key);
      if (shape === null || floatMs === undefined || int8Ms === undefined) continue;
      batches.add(shape.batch);
      const family = familyOf(shape);
      const entry = { key, extent: extentOf(shape), floatMs, int8Ms };
      this.families.set(family, [...(this.families.get(family) ?? []), entry]);
    }
    this.batches = [...batches].sort((a, b) => a - b);
  }

  /**
   * Times of a shape. If it was not measured, but lies between two measured ones (no size smaller than those of one and
   * larger than those of the other, which are at most 4 times as large), and both say the same about INT8, it has the
   * times of the one where the precisions differ less. undefined if nothing is known.
   */
  find(shape: KernelShape): BothTimes | undefined {
    const { floatMs, int8Ms } = ownValue(this.table.times, kernelKey(shape)) ?? {};
    if (floatMs !== undefined && int8Ms !== undefined) return { floatMs, int8Ms };
    const extent = extentOf(shape);
    const family = this.families.get(familyOf(shape)) ?? [];
    const smaller = nearest(
      family.filter((entry) => fitsInto(entry.extent, extent)),
      'largest',
    );
    const larger = nearest(
      family.filter((entry) => fitsInto(extent, entry.extent)),
      'smallest',
    );
    if (smaller === undefined || larger === undefined || isFarther(smaller.extent, larger.extent)) return undefined;
    if (smaller.int8Ms < smaller.floatMs !== larger.int8Ms < larger.floatMs) return undefined;
    const closer = differenceOf(smaller) <= differenceOf(larger) ? smaller : larger;
    return { floatMs: closer.floatMs, int8Ms: closer.int8Ms, between: [smaller.key, larger.key] };
  }

  /** Milliseconds of a shape in floating point; undefined if it was not measured itself. */
  floatMs(shape: KernelShape): number | undefined {
    return ownValue(this.table.times, kernelKey(shape))?.floatMs;
  }
}

function differenceOf({ floatMs, int8Ms }: Entry): number {
  return Math.abs(int8Ms - floatMs) / floatMs;
}

/** Everything that selects kernels except channels, positions and batch. */
function familyOf({ op, fused, weights, groups, strides, dilations, read }: KernelShape): string {
  const isConv = op.startsWith('Conv');
  const channels = read[1] ?? 1;
  const grouping = groups === 1 ? 'dense' : groups === channels ? 'depthwise' : `${groups}`;
  return [
    op,
    ...fused,
    isConv ? weights.slice(2).join('x') : '',
    grouping,
    strides.join('x'),
    dilations.join('x'),
  ].join(' ');
}

/** Input channels, output channels, and positions or rows of one inference. */
function extentOf({ op, read, written, batch }: KernelShape): readonly number[] {
  const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
  return op.startsWith('Conv')
    ? [read[1] ?? 1, written[1] ?? 1, batch * (written[0] ?? 1) * product(written.slice(2))]
    : [read.at(-1) ?? 1, written.at(-1) ?? 1, batch * product(written.slice(0, -1))];
}

function fitsInto(small: readonly number[], large: readonly number[]): boolean {
  return small.every((size, i) => size <= (large[i] ?? 0));
}

function isFarther(small: readonly number[], large: readonly number[]): boolean {
  return small.some((size, i) => (large[i] ?? 0) > MAX_FACTOR * size);
}

/** The entry with the largest or smallest product of sizes; of equal ones the first in the order of keys. */
function nearest(entries: readonly Entry[], which: 'largest' | 'smallest'): Entry | undefined {
  const sign = which === 'largest' ? -1 : 1;
  const volume = ({ extent }: Entry): number => extent.reduce((total, size) => total * size, 1);
  return entries.toSorted((a, b) => sign * (volume(a) - volume(b)) || (a.key < b.key ? -1 : 1))[0];
}
