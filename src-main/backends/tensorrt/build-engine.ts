import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BuildRequest, KernelChoice, LayerKernels as FoundKernels, LogMessage } from '../../../native/tensorrt';
import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { LayerKernels } from '../../../src-shared/domain/engines/engine-kernels';
import type { Precision } from '../../../src-shared/domain/project/precision';
import type { TensorrtBuildOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import { writeFileAtomic } from '../../base/atomic-file';
import type { Profile } from './profiles';
import { openTensorrt, requireDevice, translatedAsync } from './runtime';

export interface EngineBuild {
  readonly variant: string;
  readonly modelPath: string;
  readonly enginePath: string;
  readonly device: number;
  readonly options: TensorrtBuildOptions;
  /** Empty for a model without dynamic shapes. */
  readonly profiles: readonly Profile[];
  /** File that is shared by all builds with the same GPU and TensorRT version. */
  readonly timingCachePath: string;
  /** Precisions for a weakly typed network; null: the network is strongly typed. */
  readonly implicit: ImplicitPrecisions | null;
  /** Whether kernels for 2:4 sparse weights may be chosen. */
  readonly sparsity: boolean;
  /** Kernels that layers should have; null: the builder chooses, and the result has no kernels. */
  readonly kernels: readonly KernelChoice[] | null;
}

/** Precisions of a weakly typed network, which has no Q/DQ and casts. */
export interface ImplicitPrecisions {
  readonly allowed: readonly ('fp16' | 'int8')[];
  /** Text of the calibration cache; null without INT8. */
  readonly calibrationCache: string | null;
  readonly layers: readonly { readonly layer: string; readonly precision: Precision }[];
}

export interface EngineBuildResult {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly seconds: number;
  readonly log: readonly LogMessage[];
  readonly ignoredLayers: readonly string[];
  readonly kernels: readonly LayerKernels[] | null;
}

const MIB = 1024 * 1024;

/**
 * Builds one engine and writes it.
 * @throws WorkbenchError model-unsupported with TensorRT's message, cancelled, backend-unavailable.
 */
export async function buildEngine(build: EngineBuild, context: TaskContext): Promise<EngineBuildResult> {
  throwIfAborted(context.signal);
  const runtime = openTensorrt();
  requireDevice(runtime, build.device);
  const token = runtime.addon.createCancelToken();
  const onAbort = (): void => token.cancel();
  context.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const request = await requestOf(build);
    const built = await translatedAsync(
      runtime.library.build(
        request,
        ({ phase, step, steps }) =>
          context.onProgress?.({
            phase: `building ${build.variant}: ${phase}`,
            done: step,
            total: steps,
            unit: 'steps',
          }),
        token,
      ),
    );
    await writeFileAtomic(build.enginePath, built.engine);
    if (built.timingCache) {
      await mkdir(dirname(build.timingCachePath), { recursive: true });
      await writeFileAtomic(build.timingCachePath, built.timingCache);
    }
    const { seconds, log, ignoredLayers, engine, kernels } = built;
    return {
      sha256: createHash('sha256').update(engine).digest('hex'),
      sizeBytes: engine.length,
      seconds,
      log,
      ignoredLayers,
      kernels: kernels && kernels.flatMap((layer) => similarKernels(layer)),
    };
  } finally {
    context.signal?.removeEventListener('abort', onAbort);
  }
}

async function requestOf({
  modelPath,
  device,
  options,
  profiles,
  timingCachePath,
  implicit,
  sparsity,
  kernels,
}: EngineBuild): Promise<BuildRequest> {
  return {
    model: await readFile(modelPath),
    modelPath,
    device,
    typing: implicit ? 'weak' : 'strong',
    precisions: implicit?.allowed ?? [],
    tf32: options.tf32,
    sparsity,
    calibrationCache: typeof implicit?.calibrationCache === 'string' ? Buffer.from(implicit.calibrationCache) : null,
    layerPrecisions: implicit?.layers ?? [],
    obeyPrecisions: (implicit?.layers.length ?? 0) > 0,
    workspaceBytes: options.workspaceMib === null ? null : options.workspaceMib * MIB,
    optimizationLevel: options.optimizationLevel,
    auxiliaryStreams: options.auxiliaryStreams,
    versionCompatible: options.versionCompatible,
    kernels,
    timingCache: kernels === null && existsSync(timingCachePath) ? await readFile(timingCachePath) : null,
    profiles: profiles.map((inputs) => ({ inputs })),
  };
}

/** Kernels that the builder measured as slower by more than this factor are not recorded. */
const SIMILAR = 1.5;

/** The kernels with the formats of the one that was taken; nothing if TensorRT did not report that one. */
function similarKernels({ layer, offered, chosen }: FoundKernels): LayerKernels[] {
  const taken = chosen === null ? undefined : offered[chosen];
  if (taken === undefined) return [];
  const same = offered.filter(({ formats }) => formats === taken.formats);
  const fastestMs = Math.min(...same.map(({ ms }) => ms));
  const others = same
    .filter(({ kernel, ms }) => kernel !== taken.kernel && ms <= SIMILAR * fastestMs)
    .sort((a, b) => a.ms - b.ms)
    .map(({ kernel, ms }) => ({ kernel, builderMs: ms }));
  return [{ layer, formats: taken.formats, kernel: taken.kernel, builderMs: taken.ms, others }];
}
