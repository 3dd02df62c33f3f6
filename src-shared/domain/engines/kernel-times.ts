import { type InferOutput, measured, object, oneOf, optional, record, string } from '../../base/schema';
import type { ConversionTime } from './conversion-model';

/** Version of the table; raise it when keys or times change their meaning. */
const KERNEL_TIMES_VERSION = 1;

const kernelTimeSchema = object({ floatMs: optional(measured), int8Ms: optional(measured) });
/** Milliseconds of the kernels of a compute layer, without conversions; absent: not measured. */
export type KernelTime = InferOutput<typeof kernelTimeSchema>;

export const kernelTimesSchema = object({
  version: oneOf(KERNEL_TIMES_VERSION),
  /** Name and compute capability. */
  gpu: string,
  /** Version of TensorRT. */
  tensorrt: string,
  /** Operator with its sizes, see `kernelKey` -> times. */
  times: record(kernelTimeSchema),
  /** Direction and number of values, see `conversionKey` -> milliseconds. */
  conversions: optional(record(measured)),
});
/** Times of kernels that were measured on one kind of GPU with one version of TensorRT, for all models. */
export type KernelTimes = InferOutput<typeof kernelTimesSchema>;

/** What engines add to a table. */
export interface LearntTimes {
  readonly times: KernelTimes['times'];
  readonly conversions: Record<string, number>;
}

export function noKernelTimes(gpu: string, tensorrt: string): KernelTimes {
  return { version: KERNEL_TIMES_VERSION, gpu, tensorrt, times: {} };
}

/** The table with newer times: those of the last engine count. */
export function withKernelTimes(table: KernelTimes, { times, conversions }: LearntTimes): KernelTimes {
  return combined(table, { times, conversions }, (_older, newer) => newer);
}

/**
 * The times of two tables of the same GPU and TensorRT, for example of two machines. Of two times the smaller one
 * counts, because a disturbance only makes kernels slower; the result does not depend on the order of tables.
 */
export function mergedKernelTimes(table: KernelTimes, other: KernelTimes): KernelTimes {
  return combined(table, { times: other.times, conversions: other.conversions ?? {} }, Math.min);
}

function combined(
  table: KernelTimes,
  { times, conversions }: LearntTimes,
  choose: (older: number, newer: number) => number,
): KernelTimes {
  const all = new Map<string, KernelTime>(Object.entries(table.times));
  const either = (older: number | undefined, newer: number | undefined): number | undefined =>
    older === undefined || newer === undefined ? (newer ?? older) : choose(older, newer);
  for (const [key, own] of Object.entries(times)) {
    const floatMs = either(all.get(key)?.floatMs, own.floatMs);
    const int8Ms = either(all.get(key)?.int8Ms, own.int8Ms);
    all.set(key, { ...(floatMs === undefined ? {} : { floatMs }), ...(int8Ms === undefined ? {} : { int8Ms }) });
  }
  const known = new Map(Object.entries(table.conversions ?? {}));
  for (const [key, ms] of Object.entries(conversions)) known.set(key, either(known.get(key), ms) ?? ms);
  return {
    ...table,
    times: sorted(all),
    ...(known.size === 0 ? {} : { conversions: sorted(known) }),
  };
}

/** A record in the order of its keys, so that equal tables have equal files. */
function sorted<T>(entries: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Operator and sizes of a compute layer: what decides which kernels TensorRT has for it. */
export interface KernelShape {
  readonly op: string;
  /** Operators that are fused into its kernel. */
  readonly fused: readonly string[];
  readonly weights: readonly number[];
  readonly groups: number;
  /** Empty for products. */
  readonly strides: readonly number[];
  /** Empty if the window is dense. */
  readonly dilations: readonly number[];
  /** Sizes of the input for one image. */
  readonly read: readonly number[];
  /** Sizes of the output for one image. */
  readonly written: readonly number[];
  /** Images in one inference. */
  readonly batch: number;
}

/** `Conv +Relu weights 64x3x7x7 groups 1 strides 2x2 1x3x224x224 to 1x64x112x112 batch 16` */
export function kernelKey({
  op,
  fused,
  weights,
  groups,
  strides,
  dilations,
  read,
  written,
  batch,
}: KernelShape): string {
  return [
    op,
    ...fused.map((name) => `+${name}`),
    `weights ${weights.join('x')}`,
    `groups ${groups}`,
    `strides ${strides.length === 0 ? '1' : strides.join('x')}`,
    ...(dilations.length === 0 ? [] : [`dilations ${dilations.join('x')}`]),
    `${read.join('x')} to ${written.join('x')}`,
    `batch ${batch}`,
  ].join(' ');
}

/** The shape of a key; null if the text is no key. */
export function parseKernelKey(key: string): KernelShape | null {
  const found =
    /^(\w+)((?: \+\w+)*) weights ([\dx]+) groups (\d+) strides ([\dx]+)(?: dilations ([\dx]+))? ([\dx]+) to ([\dx]+) batch (\d+)$/.exec(
      key,
    );
  if (found === null) return null;
  const [, op = '', fused = '', weights, groups, strides, dilations, read, written, batch] = found;
  const sizes = (list: string | undefined): number[] => (list === undefined ? [] : list.split('x').map(Number));
  return {
    op,
    fused: fused.split(' +').filter((name) => name !== ''),
    weights: sizes(weights),
    groups: Number(groups),
    strides: strides === '1' ? [] : sizes(strides),
    dilations: sizes(dilations),
    read: sizes(read),
    written: sizes(written),
    batch: Number(batch),
  };
}

export function conversionKey({ direction, values }: Omit<ConversionTime, 'ms'>): string {
  return `${direction} ${values}`;
}

/** The conversions of a table as measured ones. */
export function conversionsOf({ conversions = {} }: Pick<KernelTimes, 'conversions'>): ConversionTime[] {
  return Object.entries(conversions).flatMap(([key, ms]): ConversionTime[] => {
    const [direction, values] = key.split(' ');
    return direction === 'to-int8' || direction === 'to-float' ? [{ direction, values: Number(values), ms }] : [];
  });
}
