import type { EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import { medianOfSorted } from '../../../src-shared/domain/statistics';
import type { LayerKernels } from '../../../src-shared/domain/engines/engine-kernels';

/*
 * TensorRT's builder times one kernel after the other. A kernel of a few microseconds takes less time than its launch,
 * so that such times say little, and the builder takes slow kernels by chance (test/evidence, Choice of kernels at
 * batch size 1). In an engine that runs as a whole, the same kernels differ clearly. These functions compare kernels by
 * their times in engines and say which ones the next engine should have.
 */

/** An engine with its profile and the kernels of its layers. */
export interface KernelEngine {
  readonly layers: readonly Pick<EngineLayer, 'name' | 'onnxLayers' | 'medianMs'>[];
  readonly kernels: readonly LayerKernels[];
}

/** The kernel that a layer of an engine should have; see KernelChoice of native/tensorrt.d.ts. */
export interface ChosenKernel {
  readonly layer: string;
  readonly formats: string;
  readonly kernel: string;
}

/** What tells layers of an engine apart that need the same work; equal for layers that share their times. */
export type WorkOf = (layer: Pick<EngineLayer, 'name' | 'onnxLayers'>) => string;

/** Work and formats -> kernel -> milliseconds in engines. */
export type TimesInEngines = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A kernel that takes longer is timed well by the builder: launches take 5 to 10 microseconds. */
const TIMED_BADLY_MS = 0.02;
/** A kernel replaces another one if it takes less than this share of its time: profiles differ by a few percent. */
const CLEARLY_FASTER = 0.95;
/** Layers with untried kernels must take this share of the engine's time for an engine that tries them. */
const MIN_TRIED_SHARE = 0.1;

interface TimedKernel {
  readonly own: LayerKernels;
  /** Key of TimesInEngines. */
  readonly work: string;
  readonly ms: number;
}

/** The time of all layers of an engine, in milliseconds. */
function totalMsOf({ layers }: KernelEngine): number {
  return layers.reduce((sum, { medianMs }) => sum + (medianMs ?? 0), 0);
}

/** The layers of an engine whose kernel and time are known. */
function timedKernels({ layers, kernels }: KernelEngine, workOf: WorkOf): TimedKernel[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  return kernels.flatMap((own) => {
    const layer = byName.get(own.layer);
    return layer === undefined || layer.medianMs === null || layer.medianMs === 0
      ? []
      : [{ own, work: `${workOf(layer)} | ${own.formats}`, ms: layer.medianMs }];
  });
}

/**
 * The least time of each kernel in some engines. Two profiles of one engine may differ as a whole, with the clocks of
 * the GPU; therefore the times of each engine are scaled so that kernels known before take as long as before.
 */
export function timesInEngines(engines: readonly KernelEngine[], workOf: WorkOf): TimesInEngines {
  const times = new Map<string, Map<string, number>>();
  for (const engine of engines) {
    const own = leastTimes(timedKernels(engine, workOf));
    const ratios = own.flatMap(({ work, kernel, ms }) => {
      const known = times.get(work)?.get(kernel);
      return known === undefined ? [] : [known / ms];
    });
    const scale = ratios.length === 0 ? 1 : medianOfSorted(ratios.toSorted((a, b) => a - b));
    for (const { work, kernel, ms } of own) {
      const known = times.get(work) ?? new Map<string, number>();
      times.set(work, known.set(kernel, Math.min(known.get(kernel) ?? Number.POSITIVE_INFINITY, ms * scale)));
    }
  }
  return times;
}

/** The least time of each kernel for the same work in one engine. */
function leastTimes(
  timed: readonly TimedKernel[],
): { readonly work: string; readonly kernel: string; readonly ms: number }[] {
  const least = new Map<string, { readonly work: string; readonly kernel: string; readonly ms: number }>();
  for (const { own, work, ms } of timed) {
    const key = `${work} | ${own.kernel}`;
    const known = least.get(key);
    if (known === undefined || ms < known.ms) least.set(key, { work, kernel: own.kernel, ms });
  }
  return [...least.values()];
}

/**
 * For every layer whose kernel and time are known, the fastest kernel in any engine; null if none of them is clearly
 * faster than what the engine has. `savedShare` is what they should save of the time of all its layers, 0 to 1.
 */
export function fastestKernels(
  engine: KernelEngine,
  times: TimesInEngines,
  workOf: WorkOf,
): { readonly kernels: readonly ChosenKernel[]; readonly savedShare: number } | null {
  const timed = timedKernels(engine, workOf);
  let savedMs = 0;
  const kernels = timed.map((layer) => {
    const faster = fasterKnown(layer, times);
    if (faster !== null) savedMs += layer.ms * (1 - faster.ratio);
    return chosenKernel(layer, faster?.kernel);
  });
  return savedMs === 0 ? null : { kernels, savedShare: savedMs / totalMsOf(engine) };
}

/**
 * The same with kernels that no engine had yet for layers of a few microseconds, each of them once among the layers of
 * the same work; null if these layers are a small part of the engine.
 */
export function untriedKernels(
  engine: KernelEngine,
  times: TimesInEngines,
  workOf: WorkOf,
): readonly ChosenKernel[] | null {
  const timed = timedKernels(engine, workOf);
  const taken = new Map<string, Set<string>>();
  let triedMs = 0;
  const kernels = timed.map((layer) => {
    const { own, work, ms } = layer;
    const known = times.get(work);
    const used = taken.get(work) ?? new Set<string>();
    const untried =
      ms > TIMED_BADLY_MS
        ? undefined
        : own.others.find(({ kernel }) => known?.has(kernel) !== true && !used.has(kernel));
    if (untried === undefined) return chosenKernel(layer, fasterKnown(layer, times)?.kernel);
    taken.set(work, used.add(untried.kernel));
    triedMs += ms;
    return chosenKernel(layer, untried.kernel);
  });
  return triedMs < MIN_TRIED_SHARE * totalMsOf(engine) ? null : kernels;
}

function chosenKernel({ own: { layer, formats, kernel } }: TimedKernel, other = kernel): ChosenKernel {
  return { layer, formats, kernel: other };
}

/** The fastest known kernel for the work of a layer, if it is clearly faster than the one that the layer has. */
function fasterKnown(
  { own, work }: TimedKernel,
  times: TimesInEngines,
): { readonly kernel: string; readonly ratio: number } | null {
  const known = times.get(work);
  const ownMs = known?.get(own.kernel);
  if (known === undefined || ownMs === undefined) return null;
  const [kernel, ms] = [...known].reduce((best, entry) => (entry[1] < best[1] ? entry : best));
  return ms < CLEARLY_FASTER * ownMs ? { kernel, ratio: ms / ownMs } : null;
}
