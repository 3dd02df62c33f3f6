import type { ProjectView } from '../../../src-shared/contract/views';
import type { JobSpec } from '../../../src-shared/contract/job-specs';
import { RUN_ANALYSES, type RunAnalysis } from '../../../src-shared/contract/jobs';
import type { ShapeProfile } from '../../../src-shared/domain/engines/shape-profiles';
import {
  BACKENDS,
  targetOfBackend,
  TARGETS,
  type BackendId,
  type Target,
} from '../../../src-shared/domain/project/precision';
import type { StartableKind } from './run-steps';

export type { StartableKind };

/** Variants that are offered as chips, in table order. */
export const OFFERED_VARIANTS = [
  'fp32',
  'fp16',
  'int8',
  'int8-minmax',
  'int8-entropy',
  'int8-percentile',
  'int8-mse',
  'int8-auto',
  'mixed',
  'fp8',
  'w4',
] as const;

export const MAX_THREADS = 256;
export const MAX_ROUNDS = 10_000;
export const MAX_LIMIT = 10_000_000;
/** The largest batch size of a TensorRT calibrator. */
export const MAX_GRID_BATCH = 65_536;
export const MAX_BATCH = 65_536;
export const MAX_BATCHES = 8;

/** The user's options for the next run; null: the application decides. */
export interface RunOptions {
  readonly variants: readonly string[];
  /** The backend. If it lacks something on this machine, starting a job reports this. */
  readonly backend: BackendId;
  /** Batch sizes: every variant is timed at each, and a GPU validates at the largest one. */
  readonly batches: readonly number[];
  readonly threads: number | null;
  readonly rounds: number | null;
  /** The number of validation images to use. */
  readonly limit: number | null;
  readonly activationType: 'int8' | 'uint8';
  /** null: the target of the project. */
  readonly target: Target | null;
  /**
   * If true, calibration also collects histograms in the way of TensorRT's calibrator; `tensorrtGridBatch` is its batch
   * size.
   */
  readonly isTensorrtGridWanted: boolean;
  readonly tensorrtGridBatch: number;
  /** The analyses that a complete run includes. */
  readonly analyses: readonly RunAnalysis[];
}

/** Like the application's default variants: FP32 as the reference, two methods, and the precision plan. */
export const DEFAULT_OPTIONS: RunOptions = {
  variants: ['fp32', 'int8-minmax', 'int8-entropy', 'mixed'],
  backend: 'ort-cpu',
  batches: [1],
  threads: null,
  rounds: null,
  limit: null,
  activationType: 'int8',
  target: null,
  isTensorrtGridWanted: false,
  tensorrtGridBatch: 32,
  analyses: [],
};

/** Adds a variant or removes it; the result has the offered order. */
export function toggleVariant(variants: readonly string[], variant: string): readonly string[] {
  const wanted = new Set(variants);
  if (!wanted.delete(variant)) wanted.add(variant);
  return OFFERED_VARIANTS.filter((name) => wanted.has(name));
}

/** The reasons why a job of this kind cannot start, as message keys; empty if it can start. */
export function startProblems(kind: StartableKind, options: RunOptions, project: ProjectFacts): readonly string[] {
  const problems: string[] = [];
  const target = targetOfBackend(options.backend) ?? options.target ?? project.target;
  const runsVariants = kind !== 'calibrate';
  const isPlanned = options.analyses.includes('search') || options.analyses.includes('fix');
  if (kind === 'run' && isPlanned && !options.variants.includes('mixed'))
    problems.push('run.problem.searchWithoutMixed');
  if (kind === 'run' && options.analyses.includes('search') && options.analyses.includes('fix'))
    problems.push('run.problem.searchAndFix');
  if (runsVariants && options.backend === 'tensorrt' && project.hasShapeProblem === true)
    problems.push('run.problem.shapes');
  if (runsVariants && options.variants.length === 0) problems.push('run.problem.noVariant');
  if ((kind === 'run' || kind === 'bench') && options.backend === 'ort-cpu' && target !== 'onnxruntime')
    problems.push('run.problem.simulated');
  if (runsVariants && options.activationType === 'uint8' && target !== 'onnxruntime')
    problems.push('run.problem.uint8');
  if (kind === 'validate' && !project.hasValidationSet) problems.push('run.problem.noValidation');
  if (kind !== 'run' && runsVariants && !project.calibrated && options.variants.some(needsCalibration))
    problems.push('run.problem.notCalibrated');
  return problems;
}

function needsCalibration(variant: string): boolean {
  return variant.startsWith('int8') || variant.startsWith('mixed') || variant === 'fp8';
}

export interface ProjectFacts {
  readonly target: Target;
  readonly calibrated: boolean;
  readonly hasValidationSet: boolean;
  /** True if the chosen optimization profiles cannot be used. */
  readonly hasShapeProblem?: boolean;
}

export function factsOf(project: Pick<ProjectView, 'file' | 'calibrated'>): ProjectFacts {
  return {
    target: project.file.target,
    calibrated: project.calibrated,
    hasValidationSet: project.file.validationSet !== null,
  };
}

/**
 * The job that the options describe; options without a value are omitted.
 * @param profiles the chosen optimization profiles; null: those that follow from the sets
 */
export function specOf(
  kind: StartableKind,
  options: RunOptions,
  projectPath: string,
  profiles: readonly ShapeProfile[] | null = null,
): JobSpec {
  const threads = options.threads === null ? {} : { threads: options.threads };
  const grid = options.isTensorrtGridWanted ? { tensorrtGridBatch: options.tensorrtGridBatch } : {};
  if (kind === 'calibrate') return { kind, projectPath, ...threads, ...grid };
  const tensorrt = {
    ...(isOne(options.batches) ? {} : { batches: options.batches }),
    ...(options.backend === 'tensorrt' && profiles !== null ? { profiles } : {}),
  };
  const common = {
    projectPath,
    variants: options.variants,
    ...threads,
    ...(options.backend === 'ort-cpu' ? {} : { backend: options.backend }),
    ...(targetOfBackend(options.backend) !== null || options.target === null ? {} : { target: options.target }),
    ...(Object.keys(tensorrt).length === 0 ? {} : { tensorrt }),
    ...(options.activationType === 'uint8' ? { activationType: options.activationType } : {}),
  };
  const rounds = options.rounds === null ? {} : { rounds: options.rounds };
  const limit = options.limit === null ? {} : { limit: options.limit };
  switch (kind) {
    case 'run':
      return {
        kind,
        ...common,
        ...rounds,
        ...limit,
        ...grid,
        ...(options.analyses.includes('search') ? { searches: true } : {}),
        ...(options.analyses.includes('fix') ? { fixes: true } : {}),
        ...(options.analyses.includes('diagnose') ? { diagnoses: true } : {}),
      };
    case 'validate':
      return { kind, ...common, ...limit };
    case 'bench':
      return { kind, ...common, ...rounds };
    case 'build':
      return { kind, ...common };
  }
}

/** Parses stored options field by field; an invalid field gets its default value. */
export function parseOptions(stored: unknown): RunOptions {
  if (typeof stored !== 'object' || stored === null) return DEFAULT_OPTIONS;
  const field = (name: keyof RunOptions): unknown => Reflect.get(stored, name);
  const variants = field('variants');
  const analyses = field('analyses');
  return {
    variants: Array.isArray(variants)
      ? OFFERED_VARIANTS.filter((name) => variants.includes(name))
      : DEFAULT_OPTIONS.variants,
    backend: BACKENDS.find((backend) => backend === field('backend')) ?? 'ort-cpu',
    batches: batchesOr(field('batches'), DEFAULT_OPTIONS.batches),
    threads: wholeOrNull(field('threads'), MAX_THREADS),
    rounds: wholeOrNull(field('rounds'), MAX_ROUNDS),
    limit: wholeOrNull(field('limit'), MAX_LIMIT),
    activationType: field('activationType') === 'uint8' ? 'uint8' : 'int8',
    target: TARGETS.find((target) => target === field('target')) ?? null,
    isTensorrtGridWanted: field('isTensorrtGridWanted') === true,
    tensorrtGridBatch: wholeOrNull(field('tensorrtGridBatch'), MAX_GRID_BATCH) ?? DEFAULT_OPTIONS.tensorrtGridBatch,
    analyses: Array.isArray(analyses)
      ? RUN_ANALYSES.filter((analysis) => analyses.includes(analysis))
      : DEFAULT_OPTIONS.analyses,
  };
}

/** True if the values are valid batch sizes, without duplicates and in ascending order. */
export function areBatches(values: readonly number[]): boolean {
  return (
    values.length <= MAX_BATCHES &&
    values.every((value, i) => wholeOrNull(value, MAX_BATCH) !== null && value > (values[i - 1] ?? 0))
  );
}

function batchesOr(stored: unknown, fallback: readonly number[]): readonly number[] {
  const values = Array.isArray(stored) ? stored.filter((value) => typeof value === 'number') : [];
  return values.length > 0 && areBatches(values) ? values : fallback;
}

function isOne(batches: readonly number[]): boolean {
  return batches.length === 1 && batches[0] === 1;
}

function wholeOrNull(value: unknown, most: number): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most ? value : null;
}
