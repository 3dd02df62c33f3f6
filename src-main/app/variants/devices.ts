import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { DevicesSpec } from '../../../src-shared/contract/job-specs';
import type { Progress, TaskContext } from '../../../src-shared/contract/progress';
import type { DeviceRecord } from '../../../src-shared/domain/runs/run-record';
import type { TensorrtStatus } from '../../compute/pool/protocol';
import type { JobContext } from '../job-context';
import { useEngines } from './engine-store';
import type { BuiltVariant } from './built-variant';
import type { VariantOptions } from './options';
import { buildEngines, gpuKind } from './tensorrt-builder';

/** The engines of one GPU. */
export interface DeviceEngines {
  readonly device: DeviceRecord;
  readonly options: VariantOptions;
  readonly built: readonly BuiltVariant[];
}

/**
 * The GPUs that a job specification lists; null if it lists none, so that the device of the options applies.
 * @throws WorkbenchError usage for another backend than tensorrt, or for a GPU that does not exist
 */
export function devicesOf(
  { devices }: DevicesSpec,
  { backend }: Pick<VariantOptions, 'backend'>,
  status: Pick<TensorrtStatus, 'devices'>,
): readonly DeviceRecord[] | null {
  if (devices === undefined) return null;
  if (backend !== 'tensorrt')
    throw new WorkbenchError('usage', `Several GPUs are for the backend tensorrt, not ${backend}`);
  const there = status.devices.map(({ index, name }) => ({ index, name }));
  if (devices === 'all') return there;
  return [...new Set(devices)].map((index) => {
    const device = there.find((candidate) => candidate.index === index);
    if (device === undefined)
      throw new WorkbenchError('usage', `There is no GPU ${index}; this machine has ${there.length}`, {
        hint: advise('devices-from-zero'),
      });
    return device;
  });
}

interface DevicesTask {
  readonly devices: readonly DeviceRecord[];
  readonly isParallel: boolean;
  readonly options: VariantOptions;
  readonly status: TensorrtStatus;
}

/**
 * Builds on several GPUs. GPUs of one kind share their engines: the first GPU of each kind builds them, and the others
 * reuse them. The thresholds that the variants use must have been chosen before, see ensureThresholds.
 */
export async function buildOnDevices(
  { devices, isParallel, options, status }: DevicesTask,
  job: JobContext,
): Promise<DeviceEngines[]> {
  const kinds = devices.map(({ index }) => gpuKind(status, index));
  const firsts = devices.filter((_, i) => kinds.indexOf(kinds[i] ?? '') === i);
  const others = devices.filter((device) => !firsts.includes(device));
  const build = async (device: DeviceRecord, own: TaskContext): Promise<DeviceEngines> => {
    const onDevice = { ...options, tensorrt: { ...options.tensorrt, device: device.index } };
    return { device, options: onDevice, built: await buildEngines(onDevice, { ...job, ...own }) };
  };
  const made = [
    ...(await forEachDevice(firsts, isParallel, job, build)),
    ...(await forEachDevice(others, false, job, build)),
  ];
  await useEngines(
    made.flatMap(({ built }) => built.map(({ dir }) => dir)),
    job,
  );
  return made.sort((a, b) => a.device.index - b.device.index);
}

/**
 * Runs `work` for each item, one after the other or all in parallel. In parallel, the first failure cancels the other
 * items, and the reported progress is the sum over all items whose phase is the one that was reported last.
 */
export async function forEachDevice<T, R>(
  items: readonly T[],
  isParallel: boolean,
  context: TaskContext,
  work: (item: T, context: TaskContext) => Promise<R>,
): Promise<R[]> {
  if (!isParallel) {
    const results: R[] = [];
    for (const item of items) results.push(await work(item, context));
    return results;
  }
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(context.signal ? [context.signal] : [])]);
  const latest: (Progress | undefined)[] = items.map(() => undefined);
  const outcomes = await Promise.allSettled(
    items.map(async (item, i) => {
      const onProgress = (progress: Progress): void => {
        latest[i] = progress;
        context.onProgress?.(summed(latest, progress));
      };
      try {
        return await work(item, { signal, onProgress });
      } catch (error) {
        failed.abort();
        throw error;
      }
    }),
  );
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  const cause = errors.find((error) => !(error instanceof WorkbenchError && error.code === 'cancelled')) ?? errors[0];
  if (cause !== undefined)
    throw cause instanceof Error ? cause : new WorkbenchError('internal', 'The work on a GPU failed', { cause });
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

function summed(all: readonly (Progress | undefined)[], { phase, unit }: Progress): Progress {
  const same = all.filter((progress) => progress?.phase === phase);
  return {
    phase,
    unit,
    done: same.reduce((sum, progress) => sum + (progress?.done ?? 0), 0),
    total: same.reduce((sum, progress) => sum + (progress?.total ?? 0), 0),
  };
}
