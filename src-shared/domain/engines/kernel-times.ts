import { type InferOutput, measured, object, oneOf, optional, record, string } from '../../base/schema';

/** Version of the table; raise it when keys or times change their meaning. */
const KERNEL_TIMES_VERSION = 1;

export const kernelTimesSchema = object({
  version: oneOf(KERNEL_TIMES_VERSION),
  /** Name and compute capability. */
  gpu: string,
  /** Version of TensorRT. */
  tensorrt: string,
  /** Operator with its sizes -> milliseconds of its kernels, without conversions. */
  times: record(object({ floatMs: optional(measured), int8Ms: optional(measured) })),
});
/** Times of kernels that were measured on one kind of GPU with one version of TensorRT, for all models. */
export type KernelTimes = InferOutput<typeof kernelTimesSchema>;

export function noKernelTimes(gpu: string, tensorrt: string): KernelTimes {
  return { version: KERNEL_TIMES_VERSION, gpu, tensorrt, times: {} };
}

/** The table with the times of another one; where both know a time, that of `newer` counts. */
export function withKernelTimes(table: KernelTimes, newer: KernelTimes['times']): KernelTimes {
  const times = new Map(Object.entries(table.times));
  for (const [key, own] of Object.entries(newer)) times.set(key, { ...times.get(key), ...own });
  return { ...table, times: Object.fromEntries([...times].sort(([a], [b]) => (a < b ? -1 : 1))) };
}
