import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { formatBytes } from '../../src-shared/base/units';
import type { DoctorCheck, DoctorReport } from '../../src-shared/contract/views';
import { toWireError } from '../../src-shared/contract/errors';
import type { Compute, VersionsResult } from '../compute/pool/protocol';

const NODE_FLOOR = [20, 19] as const;

/** Looks at everything that the workbench stands on; never throws for something that is missing. */
export async function doctor(compute: Compute): Promise<DoctorReport> {
  return {
    checks: [
      nodeCheck(),
      machineCheck(),
      ...(await computeChecks(compute)),
      ...(await ortGpuChecks(compute)),
      await tensorrtCheck(compute),
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
  return {
    name: 'machine',
    state: 'ok',
    found: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${formatBytes(totalmem())} memory (${formatBytes(freemem())} free)`,
    required: false,
  };
}

/** One question to the compute process proves the addon, ONNX Runtime and sharp at once. */
async function computeChecks(compute: Compute): Promise<DoctorCheck[]> {
  try {
    const versions = await compute.request('versions', {}, {});
    return [
      { name: 'compute process', state: 'ok', found: `Node.js ${versions.node}`, required: true },
      { name: 'native addon', state: 'ok', found: versions.addon, required: true },
      onnxruntimeCheck(versions),
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

/** What ONNX Runtime's GPU providers run on, or what is missing; the CPU provider is part of ONNX Runtime. */
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

/** The library that was found and the GPUs, or what is missing and how to get it. */
async function tensorrtCheck(compute: Compute): Promise<DoctorCheck> {
  const check = { name: 'backend tensorrt', required: false } as const;
  try {
    const { version, libraryPath, devices } = await compute.request('tensorrt-status', {}, {});
    const gpus = devices.map(
      ({ index, name, computeCapability, memoryBytes, driverVersion }) =>
        `GPU ${index} ${name} (compute ${computeCapability}, ${formatBytes(memoryBytes)}, CUDA ${driverVersion})`,
    );
    return { ...check, state: 'ok', found: `TensorRT ${version} (${libraryPath}); ${gpus.join('; ')}` };
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
