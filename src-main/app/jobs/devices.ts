import { WorkbenchError } from '../../../src-shared/base/errors';
import type { DevicesSpec } from '../../../src-shared/contract/job-specs';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { DeviceRecord } from '../../../src-shared/domain/runs/run-record';
import type { TensorrtStatus } from '../../compute/pool/protocol';
import { useEngines } from '../variants/engine-store';
import { buildEngines, gpuKind } from '../variants/engines';
import { forEachDevice } from './for-each-device';
import { ensureAutoFor } from './auto-job';
import { ensureBestFor } from './best-job';
import type { JobContext } from '../job-context';
import type { BuiltVariant, VariantOptions } from '../variants/variants';

/** The engines of one GPU. */
export interface DeviceEngines {
  readonly device: DeviceRecord;
  readonly options: VariantOptions;
  readonly built: readonly BuiltVariant[];
}

/** The GPUs that a spec names; null: it leaves that to the options. @throws WorkbenchError usage */
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
        hint: '--devices counts from 0.',
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

/** Builds on several GPUs. GPUs of one kind share their engines: each kind builds once, on its first GPU. */
export async function buildOnDevices(
  { devices, isParallel, options, status }: DevicesTask,
  job: JobContext,
): Promise<DeviceEngines[]> {
  await ensureAutoFor(options, job);
  await ensureBestFor(options, job);
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
