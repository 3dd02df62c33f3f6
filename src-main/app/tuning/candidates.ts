import type { Warning } from '../../../src-shared/contract/job-results';
import type { TuneSpec } from '../../../src-shared/contract/job-specs';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TuningCandidate } from '../../../src-shared/domain/analysis/tuning';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { Precision } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { ChosenKernel } from '../../analysis/tuning/kernels';
import type { ProfiledEngine } from '../../analysis/tuning/parts';
import { defaultThreads, type JobContext } from '../job-context';
import { buildVariants } from '../variants/builder';
import type { BuiltVariant } from '../variants/built-variant';
import { enginePathIn, readEngineLayers, readTensorrtRecord } from '../variants/engine-record';
import { alternativesOf, exchangeEngines, useEngines } from '../variants/engine-store';
import { atUsualSize, projectImageSizes } from '../variants/image-sizes';
import type { VariantOptions } from '../variants/options';
import { storedEngine } from '../variants/tensorrt-builder';
import { withLayers } from './tuning-setup';

const ROUNDS = 20;

/** An engine to build. */
export interface Wish {
  readonly name: string;
  readonly layers: Readonly<Record<string, Precision>>;
  /** Latency that its proposal promised at the first batch size. */
  readonly expectedMs?: number;
  /** Candidate that is the engine of the same plan, and the kernels that this one should have instead. */
  readonly kernelsOf?: string;
  readonly kernels?: readonly ChosenKernel[];
}

/** A candidate with what its profile says. */
export interface Candidate extends Wish {
  readonly built: BuiltVariant;
  readonly profile: ProfiledEngine;
}

/** The candidates that are the engines of their plans. They come first. */
export function placementsOf(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ kernelsOf }) => kernelsOf === undefined);
}

/** `kind-1` for the first candidate of a kind, and so on. */
export function nextName(kind: 'tuned' | 'kernels', candidates: readonly Candidate[]): string {
  return `${kind}-${candidates.filter(({ name }) => name.startsWith(`${kind}-`)).length + 1}`;
}

export interface Timing {
  readonly spec: TuneSpec;
  readonly options: VariantOptions;
  readonly feeding: Feeding;
}

/** Times all candidates in turns, so that they see the same clocks. */
export async function timeCandidates(
  candidates: readonly Candidate[],
  { spec, options, feeding }: Timing,
  job: JobContext,
): Promise<{ readonly timed: readonly TuningCandidate[]; readonly warnings: readonly Warning[] }> {
  const { workspace, services } = job;
  const bench = await services.compute.request(
    'bench',
    {
      variants: candidates.map(({ name, built }) => ({ ...built.runnable, variant: name })),
      sizesMb: Object.fromEntries(candidates.map(({ name, built }) => [name, built.sizeBytes / 1e6])),
      feeding: atUsualSize(feeding, await projectImageSizes(workspace, feeding, options.tensorrt)),
      batches: options.tensorrt.batches,
      tensorrt: options.tensorrt,
      threads: spec.threads ?? defaultThreads(),
      rounds: spec.rounds ?? ROUNDS,
    },
    job,
  );
  const timed = candidates.map(({ name, layers, built, expectedMs, kernelsOf }): TuningCandidate => ({
    name,
    layers,
    ...(kernelsOf === undefined ? {} : { kernelsOf }),
    latencyMs: Object.fromEntries(
      bench.variants
        .filter((record) => record.variant === name)
        .map(({ batch: size, latencyMs }) => [String(size), latencyMs.median]),
    ),
    ...(expectedMs === undefined ? {} : { expectedMs }),
    enginePath: built.runnable.kind === 'engine' ? built.runnable.enginePath : '',
    buildSeconds: built.seconds,
  }));
  return { timed, warnings: bench.warnings };
}

export async function buildCandidate(wish: Wish, options: VariantOptions, job: JobContext): Promise<Candidate> {
  const [built] = await buildVariants(options, withLayers(job, wish.layers));
  const profile = built === undefined ? null : profileIn(built.dir);
  if (!built || profile === null) throw new WorkbenchError('internal', `The engine ${wish.name} has no profile`);
  return { ...wish, built, profile };
}

function profileIn(dir: string): ProfiledEngine | null {
  const [record, layers] = [readTensorrtRecord(dir), readEngineLayers(dir)];
  return record === null || layers === null ? null : { layers, asked: record.asked };
}

/** The engines of the same plan with other kernels that earlier tunings left. */
export async function foundAlternatives(
  { name: kernelsOf, layers, built: { dir, runnable } }: Candidate,
  { tensorrt: { device } }: VariantOptions,
  job: JobContext,
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const alternative of alternativesOf(dir)) {
    const built = await storedEngine(alternative, { name: parseVariant(runnable.variant), device }, job);
    const profile = profileIn(alternative);
    if (built === null || profile === null) continue;
    found.push({ name: `kernels-${found.length + 1}`, layers, kernelsOf, built, profile });
  }
  await useEngines(
    found.map(({ built }) => built.dir),
    job,
  );
  return found;
}

/**
 * If the chosen engine has other kernels, it takes the place of the engine of its plan, so that other commands that
 * build the plan find it. Returns the candidates with the paths that their engines have then.
 */
export async function withChosenEngine(
  candidates: readonly Candidate[],
  { timed, chosen }: { readonly timed: readonly TuningCandidate[]; readonly chosen: number },
  { enginesInUse }: JobContext,
): Promise<readonly TuningCandidate[]> {
  const own = timed[chosen];
  const other = timed.findIndex(({ name }) => name === own?.kernelsOf);
  const [dir, ofPlan] = [candidates[chosen]?.built.dir, candidates[other]?.built.dir];
  if (own === undefined || dir === undefined || ofPlan === undefined) return timed;
  const moved = await exchangeEngines(ofPlan, dir);
  enginesInUse.add(moved);
  return timed.map((candidate, i) =>
    i === chosen
      ? { ...candidate, enginePath: enginePathIn(ofPlan) }
      : i === other
        ? { ...candidate, enginePath: enginePathIn(moved) }
        : candidate,
  );
}
