import type { Warning } from '../../../src-shared/contract/job-results';
import type { EngineSummary } from '../../../src-shared/domain/engines/engine-layers';
import type { RunnableVariant } from '../../backends/runnable-variant';

/** A variant as a file that a backend can run, and the cost of building it. */
export interface BuiltVariant {
  readonly runnable: RunnableVariant;
  /** Folder of the engine. */
  readonly dir: string;
  readonly sizeBytes: number;
  /** Duration of the build; 0 if an existing engine was reused. */
  readonly seconds: number;
  /** False if an existing engine was reused. */
  readonly built: boolean;
  /** Duration of the build, also if the engine was reused; absent if none was needed or it is not known. */
  readonly buildSeconds?: number;
  /** Requests that the variant does not fulfil. */
  readonly warnings?: readonly Warning[];
  /** What TensorRT or OpenVINO made of the model; TensorRT's log of the build. */
  readonly engine?: { readonly summary: EngineSummary; readonly layersPath: string; readonly log: readonly string[] };
}

/**
 * Warnings of variants and TensorRT's messages while it built them. Several GPUs repeat a message; it is returned once.
 */
export function builtWarnings(built: readonly BuiltVariant[]): Warning[] {
  const warnings = built.flatMap(({ runnable, warnings: own = [], engine }) => [
    ...own,
    ...(engine?.log ?? []).map((message) => ({ code: 'tensorrt', message: `${runnable.variant}: ${message}` })),
  ]);
  return [...new Map(warnings.map((warning) => [warning.message, warning])).values()];
}

/**
 * Maps the name of each variant that is the same engine as an earlier one to the name of that one. For example, `mixed`
 * equals `int8` if its plan keeps all layers in INT8.
 */
function sameEngines(built: readonly Pick<BuiltVariant, 'runnable' | 'dir'>[]): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  const same = new Map<string, string>();
  for (const { runnable, dir } of built) {
    const known = first.get(dir);
    if (known === undefined) first.set(dir, runnable.variant);
    else same.set(runnable.variant, known);
  }
  return same;
}

/** Each engine once. Measuring the same engine twice costs time, and noise would make the two results differ. */
export function distinctEngines<T extends Pick<BuiltVariant, 'runnable' | 'dir'>>(built: readonly T[]): T[] {
  const same = sameEngines(built);
  return built.filter(({ runnable }) => !same.has(runnable.variant));
}

/**
 * The results of distinct engines; each is followed by a copy, with `sameAs`, for every other variant of that engine.
 */
export function withRepetitions<T extends { readonly variant: string }>(
  results: readonly T[],
  built: readonly Pick<BuiltVariant, 'runnable' | 'dir'>[],
): (T & { readonly sameAs?: string })[] {
  const same = [...sameEngines(built)];
  return results.flatMap((result) => [
    result,
    ...same.flatMap(([variant, sameAs]) => (sameAs === result.variant ? [{ ...result, variant, sameAs }] : [])),
  ]);
}
