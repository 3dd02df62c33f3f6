import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { advise, commandLineAdvice } from '../../src-shared/base/advice';
import { formatBytes, formatCountOf } from '../../src-shared/base/units';
import type { DoctorCheck, DoctorReport } from '../../src-shared/contract/views';
import { toWireError } from '../../src-shared/contract/errors';
import { imageCacheDir, imageCacheLimit, imageCacheUse } from '../calibration/preprocessing/image-cache';
import type { Compute, TensorrtStatus, VersionsResult } from '../compute/pool/protocol';

const NODE_FLOOR = [20, 19] as const;

/** Checks everything that the workbench needs. Missing parts are reported as checks with a hint, never thrown. */
export async function doctor(compute: Compute): Promise<DoctorReport> {
  return {
    checks: [
      nodeCheck(),
      machineCheck(),
      imageCacheCheck(),
      ...(await computeChecks(compute)),
      ...(await ortGpuChecks(compute)),
      await tensorrtCheck(compute),
      await openvinoCheck(compute),
      dlaCheck(),
    ],
  };
}

function nodeCheck(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1]);
  return {
    name: 'Node.js',
    state: isNewEnough ? 'ok' : 'missing',
    found: process.versions.node,
    required: true,
    ...(isNewEnough ? {} : { hint: `Install Node.js ${NODE_FLOOR.join('.')} or newer.` }),
  };
}

function machineCheck(): DoctorCheck {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${formatBytes(totalmem())} memory (${formatBytes(freemem())} free)`;
  return {
    name: 'machine',
    state: 'ok',
    found: `${processor}, ${availableParallelism()} cores, ${memory}`,
    required: false,
  };
}

/** Where decoded images are kept, and how many. */
function imageCacheCheck(): DoctorCheck {
  const check = { name: 'image cache', required: false } as const;
  try {
    const limit = imageCacheLimit();
    if (limit === 0) return { ...check, state: 'ok', found: 'switched off (CALIB_CACHE_GB)' };
    const { images, bytes } = imageCacheUse();
    const size = `${formatBytes(bytes)} of ${formatBytes(limit)}`;
    return { ...check, state: 'ok', found: `${formatCountOf(images, 'image')}, ${size}, in ${imageCacheDir()}` };
  } catch (error) {
    return { ...check, ...warningOf(error) };
  }
}

/**
 * The compute process loads the native addon, ONNX Runtime and sharp, so that one answer from it covers all of them.
 */
async function computeChecks(compute: Compute): Promise<DoctorCheck[]> {
  try {
    const versions = await compute.request('versions', {}, {});
    return [
      { name: 'compute process', state: 'ok', found: `Node.js ${versions.node}`, required: true },
      { name: 'native addon', state: 'ok', found: versions.addon, required: true },
      onnxruntimeCheck(versions),
      collectorCheck(versions),
      { name: 'sharp', state: 'ok', found: versions.sharp, required: true },
      { name: 'backend ort-cpu', state: 'ok', found: 'part of ONNX Runtime', required: true },
    ];
  } catch (error) {
    const { message, hint } = toWireError(error);
    return [
      {
        name: 'compute process',
        state: 'missing',
        found: message,
        required: true,
        ...(hint === undefined ? {} : { hint }),
      },
    ];
  }
}

function onnxruntimeCheck({ onnxruntime, isTelemetryOff }: VersionsResult): DoctorCheck {
  const check = { name: 'ONNX Runtime', required: true } as const;
  if (isTelemetryOff) return { ...check, state: 'ok', found: `${onnxruntime}, telemetry off` };
  return {
    ...check,
    state: 'warning',
    found: `${onnxruntime}, telemetry on`,
    hint: 'Set ORT_DISABLE_TELEMETRY=1 in the environment.',
  };
}

function collectorCheck({ copyReason }: VersionsResult): DoctorCheck {
  const check = { name: 'collector', required: false } as const;
  if (copyReason === null) return { ...check, state: 'ok', found: 'counts inside ONNX Runtime' };
  return {
    ...check,
    state: 'warning',
    found: `copies tensors out of ONNX Runtime: ${copyReason}`,
    hint: 'Calibrations give the same result, but take longer. Install the version of onnxruntime-node that package.json names.',
  };
}

/** The device that each GPU provider of ONNX Runtime runs on, or what is missing. */
async function ortGpuChecks(compute: Compute): Promise<DoctorCheck[]> {
  return Promise.all(
    (['webgpu', 'cuda'] as const).map(async (provider): Promise<DoctorCheck> => {
      const check = { name: `backend ort-${provider}`, required: false } as const;
      try {
        const { device, hasFp16 } = await compute.request('ort-gpu-status', { provider, device: 0 }, {});
        return { ...check, state: 'ok', found: `${device}, ${hasFp16 ? 'FP16 and FP32' : 'FP32 only'}` };
      } catch (error) {
        return { ...check, ...warningOf(error) };
      }
    }),
  );
}

/** Major versions of TensorRT that this workbench has built and timed engines with on GPUs. */
const MAJORS_RUN_ON_GPUS = ['10'];

/** The library and the GPUs; a warning for a version whose code has not run on a GPU. */
export function tensorrtFacts({
  version,
  libraryPath,
  devices,
}: TensorrtStatus): Pick<DoctorCheck, 'state' | 'found' | 'hint' | 'advice' | 'exercised'> {
  const gpus = devices.map(
    ({ index, name, computeCapability, memoryBytes, driverVersion }) =>
      `GPU ${index} ${name} (compute ${computeCapability}, ${formatBytes(memoryBytes)}, CUDA ${driverVersion})`,
  );
  const found = `TensorRT ${version} (${libraryPath}); ${gpus.join('; ')}`;
  if (MAJORS_RUN_ON_GPUS.includes(version.split('.')[0] ?? '')) return { state: 'ok', found, exercised: 'gpu' };
  const advice = advise('tensorrt-headers-only', { version });
  return { state: 'warning', found, advice, hint: commandLineAdvice(advice), exercised: 'headers' };
}

/** The TensorRT library and the GPUs that were found, or what is missing and how to install it. */
async function tensorrtCheck(compute: Compute): Promise<DoctorCheck> {
  const check = { name: 'backend tensorrt', required: false } as const;
  try {
    return { ...check, ...tensorrtFacts(await compute.request('tensorrt-status', {}, {})) };
  } catch (error) {
    return { ...check, ...warningOf(error) };
  }
}

/** The rules for DLA need nothing of this machine; the check says how far they can be trusted. */
function dlaCheck(): DoctorCheck {
  return {
    name: 'rules for Jetson DLA',
    state: 'ok',
    found: 'unverified on hardware: documented limits of TensorRT 10.6',
    required: false,
  };
}

/** The OpenVINO library that was found, or what is missing and how to install it. */
async function openvinoCheck(compute: Compute): Promise<DoctorCheck> {
  const check = { name: 'backend openvino', required: false } as const;
  try {
    const { version, libraryPath, device, hasFp16, saturates } = await compute.request('openvino-status', {}, {});
    const int8 = saturates ? 'INT8 with weights of 7 bits (no VNNI)' : 'INT8';
    const floats = hasFp16 ? 'FP16 and FP32' : 'FP32, to which FP16 is widened';
    return { ...check, state: 'ok', found: `OpenVINO ${version} (${libraryPath}); ${device}: ${int8}, ${floats}` };
  } catch (error) {
    return { ...check, ...warningOf(error) };
  }
}

function warningOf(error: unknown): Pick<DoctorCheck, 'state' | 'found' | 'hint' | 'advice'> {
  const { message, hint, advice } = toWireError(error);
  return {
    state: 'warning',
    found: message,
    ...(hint === undefined ? {} : { hint }),
    ...(advice === undefined ? {} : { advice }),
  };
}
