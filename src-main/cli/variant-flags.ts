import { WorkbenchError } from '../../src-shared/base/errors';
import { BACKENDS, TARGETS } from '../../src-shared/domain/project/precision';
import type { DeviceRecord } from '../../src-shared/domain/runs/run-record';
import type { TensorrtOptions } from '../../src-shared/domain/engines/tensorrt-options';
import { oneOf, present, wholeNumber } from './command';

/** Flags shared by the commands that run variants. */
export const VARIANT_OPTIONS = {
  variants: { type: 'string' },
  backend: { type: 'string' },
  target: { type: 'string' },
  threads: { type: 'string' },
  activations: { type: 'string' },
  batches: { type: 'string' },
  device: { type: 'string' },
  implicit: { type: 'boolean' },
  workspace: { type: 'string' },
  'optimization-level': { type: 'string' },
  'auxiliary-streams': { type: 'string' },
  'version-compatible': { type: 'boolean' },
  tf32: { type: 'boolean' },
  streams: { type: 'string' },
  'no-cuda-graph': { type: 'boolean' },
  transfers: { type: 'boolean' },
} as const;

export const VARIANT_USAGE = `  --variants LIST   fp32, fp16, int8, mixed, int8-METHOD, mixed-METHOD, separated by commas
  --backend B       ${BACKENDS.join(', ')} (default ort-cpu)
  --target T        ${TARGETS.join(', ')} (default: the project's)
  --threads N       default: one per core
  --activations     int8 (default) or uint8 (asymmetric; target onnxruntime only)
  --batches LIST    batch sizes to time (default 1); for tensorrt an optimization profile each; validation on a GPU uses the largest
  --device N        GPU of tensorrt or ort-cuda, counted from 0
Backend tensorrt:
  --implicit        TensorRT 10: FP32 model, calibration cache and layer precisions instead of Q/DQ
  --workspace MIB   limit of scratch memory (default: all of the GPU's)
  --optimization-level 0..5 (3)   --auxiliary-streams N   --version-compatible   --tf32
  --streams N (1)   --no-cuda-graph   --transfers (copies of inputs and outputs count too)`;

export interface VariantFlagValues {
  readonly variants?: string | undefined;
  readonly backend?: string | undefined;
  readonly target?: string | undefined;
  readonly threads?: string | undefined;
  readonly activations?: string | undefined;
  readonly batches?: string | undefined;
  readonly device?: string | undefined;
  readonly implicit?: boolean | undefined;
  readonly workspace?: string | undefined;
  readonly 'optimization-level'?: string | undefined;
  readonly 'auxiliary-streams'?: string | undefined;
  readonly 'version-compatible'?: boolean | undefined;
  readonly tf32?: boolean | undefined;
  readonly streams?: string | undefined;
  readonly 'no-cuda-graph'?: boolean | undefined;
  readonly transfers?: boolean | undefined;
}

/** @throws WorkbenchError usage */
export function parseVariantFlags(values: VariantFlagValues) {
  return present({
    variants: values.variants === undefined ? undefined : variantNames(values.variants),
    backend: oneOf('--backend', values.backend, BACKENDS),
    target: oneOf('--target', values.target, TARGETS),
    threads: wholeNumber('--threads', values.threads, 1, 256),
    activationType: oneOf('--activations', values.activations, ['int8', 'uint8'] as const),
    tensorrt: tensorrtFlags(values),
  });
}

function variantNames(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0)
    throw new WorkbenchError('usage', 'Expected --variants to name at least one variant, for example fp32,int8', {
      hint: 'Leave it out for the usual ones.',
    });
  return names;
}

/** undefined when no flag of the backend was given. */
function tensorrtFlags(values: VariantFlagValues): Partial<TensorrtOptions> | undefined {
  const options = present({
    batches: values.batches?.split(',').map((text) => wholeNumber('--batches', text.trim(), 1, 65_536) ?? 1),
    device: wholeNumber('--device', values.device, 0, 1023),
    typing: values.implicit ? ('implicit' as const) : undefined,
    workspaceMib: wholeNumber('--workspace', values.workspace, 16),
    optimizationLevel: wholeNumber('--optimization-level', values['optimization-level'], 0, 5),
    auxiliaryStreams: wholeNumber('--auxiliary-streams', values['auxiliary-streams'], 0, 64),
    versionCompatible: values['version-compatible'],
    tf32: values.tf32,
    streams: wholeNumber('--streams', values.streams, 1, 64),
    cudaGraph: values['no-cuda-graph'] ? false : undefined,
    transfers: values.transfers,
  });
  return Object.keys(options).length === 0 ? undefined : options;
}

/** Flags of the commands that work on several GPUs. */
export const DEVICES_OPTIONS = { devices: { type: 'string' }, parallel: { type: 'boolean' } } as const;

export const DEVICES_USAGE = `  --devices LIST    several GPUs (0,1 or all), one after the other; GPUs of one kind share their engines
  --parallel        all of them at once; builds of different kinds then slow each other down`;

/** @throws WorkbenchError usage */
export function parseDevicesFlags(values: {
  readonly devices?: string | undefined;
  readonly parallel?: boolean | undefined;
  readonly device?: string | undefined;
}) {
  if (values.devices === undefined) {
    if (values.parallel) throw new WorkbenchError('usage', '--parallel needs --devices');
    return {};
  }
  if (values.device !== undefined) throw new WorkbenchError('usage', 'Expected --device or --devices, found both');
  const devices =
    values.devices === 'all'
      ? ('all' as const)
      : values.devices.split(',').map((text) => wholeNumber('--devices', text.trim(), 0, 1023) ?? 0);
  return { devices, ...present({ isParallel: values.parallel }) };
}

/** `0 NVIDIA H200` */
export function deviceText(device: DeviceRecord | undefined): string {
  return device === undefined ? '' : `${device.index} ${device.name}`;
}
