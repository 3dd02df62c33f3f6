import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  fastestKernels,
  timesInEngines,
  untriedKernels,
  type ChosenKernel,
  type KernelEngine,
  type WorkOf,
} from '../../analysis/tuning/kernels';
import { MIN_GAIN } from '../../analysis/tuning/propose';
import type { Workspace } from '../projects/workspace';
import { alternativesOf } from '../variants/engine-store';
import {
  readEngineKernels,
  readEngineLayers,
  readTensorrtRecord,
  type TensorrtEngineRecord,
} from '../variants/engine-record';
import type { VariantOptions } from '../variants/options';

/**
 * Whether the kernels of engines can be recorded and chosen: TensorRT 11 has no such interface, and with several
 * profiles a layer has several kernels.
 */
export function canChooseKernels(version: string, { tensorrt }: Pick<VariantOptions, 'tensorrt'>): boolean {
  return version.startsWith('10.') && (tensorrt.profiles ?? tensorrt.batches).length === 1;
}

/** Kernels for another engine of the same plan. */
export interface KernelProposal {
  readonly kernels: readonly ChosenKernel[];
  /** What it should save of the latency, 0 to 1; null for an engine that tries kernels, and promises nothing. */
  readonly savedShare: number | null;
}

/**
 * The kernels that the engine in `dir` should have instead: first those that no engine had yet, as long as an engine
 * can be built after that, then the fastest ones in all engines of the project on this kind of GPU. null if nothing is
 * worth a build, or the kernels of the engine were not recorded.
 */
export function proposeKernels(
  { dir, workOf, buildsLeft }: { readonly dir: string; readonly workOf: WorkOf; readonly buildsLeft: number },
  { paths }: Pick<Workspace, 'paths'>,
): KernelProposal | null {
  const engine = kernelEngine(dir);
  if (engine === null) return null;
  // The engine comes first: times of the others are scaled to its own.
  const times = timesInEngines([engine, ...otherEngines(dir, paths.enginesDir)], workOf);
  const untried = buildsLeft > 1 ? untriedKernels(engine, times, workOf) : null;
  if (untried !== null) return { kernels: untried, savedShare: null };
  const fastest = fastestKernels(engine, times, workOf);
  if (fastest === null || fastest.savedShare <= MIN_GAIN) return null;
  return alternativesOf(dir).some((other) => hasKernels(other, fastest.kernels)) ? null : fastest;
}

function hasKernels(dir: string, kernels: readonly ChosenKernel[]): boolean {
  const own = new Map(readEngineKernels(dir)?.map((layer) => [layer.layer, layer]));
  return kernels.every(({ layer, formats, kernel }) => {
    const found = own.get(layer);
    return found?.formats === formats && found.kernel === kernel;
  });
}

function kernelEngine(dir: string): KernelEngine | null {
  const [layers, kernels] = [readEngineLayers(dir), readEngineKernels(dir)];
  return layers === null || kernels === null ? null : { layers, kernels };
}

/**
 * The other engines of the project with recorded kernels, of the same kind of GPU, version of TensorRT and batch size:
 * the formats of a kernel have no batch size.
 */
function otherEngines(dir: string, enginesDir: string): KernelEngine[] {
  const own = readTensorrtRecord(dir);
  if (own === null || !existsSync(enginesDir)) return [];
  return readdirSync(enginesDir)
    .map((name) => join(enginesDir, name))
    .flatMap((other) => {
      if (other === dir) return [];
      const record = readTensorrtRecord(other);
      if (record === null || conditionsOf(record) !== conditionsOf(own)) return [];
      const engine = kernelEngine(other);
      return engine === null ? [] : [engine];
    });
}

/** What times of kernels can only be compared with: GPU, TensorRT, and the batch size or shapes that were profiled. */
function conditionsOf({ gpu, tensorrt, options: { batches, profiles, optSize } }: TensorrtEngineRecord): string {
  return JSON.stringify([gpu, tensorrt, profiles ?? batches, optSize]);
}
