import { basename } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ValidateResult } from '../../../src-shared/contract/job-results';
import type { Shard, ValidateSpec } from '../../../src-shared/contract/job-specs';
import type { ImageEntry, ImageSet } from '../../../src-shared/domain/project/image-set';
import type { RefusedVariant } from '../../../src-shared/domain/runs/questions';
import type { EvaluateParams } from '../../compute/pool/protocol';
import type { UsableShard } from '../../compute/shards/find-shards';
import { ensureThresholds } from '../analysis/needed-decisions';
import { defaultThreads, type JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import { mergedManifest, shardManifest } from '../projects/set-manifest';
import { inputsOf, projectFeeding, loadSet, prepared, shortHash } from '../projects/workspace';
import { distinctEngines, withRepetitions, type BuiltVariant } from '../variants/built-variant';
import { evaluateBuilt, evaluateParams } from '../variants/evaluation';
import { variantOptions, withFixedBatch, type VariantOptions } from '../variants/options';
import { buildAsked, withoutRefused } from '../variants/questions';

const DEFAULT_VARIANTS = ['fp32', 'int8', 'mixed'];
/** Part of the key of shards: increase it if the same variants would answer differently. */
const EVALUATION_VERSION = 1;

interface Validation {
  readonly options: VariantOptions;
  readonly set: ImageSet;
  /** FP32 first, since the others are compared with it. */
  readonly built: readonly BuiltVariant[];
  readonly threads: number;
  /** Questions that cannot be judged here. */
  readonly refused: readonly RefusedVariant[];
}

/** Builds the variants of a validation and loads its set. */
async function prepareValidation(spec: ValidateSpec, job: JobContext): Promise<Validation> {
  const { workspace, services } = job;
  await allowedMetricHash(workspace.file.task, services.userDataDir);
  const possible = await withoutRefused(variantOptions(spec, workspace, DEFAULT_VARIANTS), 'judge', job);
  const options = withFixedBatch(
    possible.options,
    spec,
    projectFeeding(workspace, await prepared(workspace, services.compute, job)),
  );
  const set = await loadSet(workspace, 'validation', spec.limit);
  const withReference: VariantOptions = {
    ...options,
    variants: ['fp32', ...options.variants.filter((variant) => variant !== 'fp32')],
  };
  await ensureThresholds(withReference, job);
  const { built, refused } = await buildAsked({ options: withReference, refused: possible.refused }, job);
  return { options, set, built, refused, threads: spec.threads ?? defaultThreads() };
}

/** Runs variants over the validation set. */
export async function validateJob(spec: ValidateSpec, job: JobContext): Promise<ValidateResult> {
  return resultOf(await prepareValidation(spec, job), job);
}

async function resultOf(
  { options, set, built, threads, refused }: Validation,
  job: JobContext,
  shards?: readonly UsableShard[],
): Promise<ValidateResult> {
  const { reports, ...evaluated } = await evaluateBuilt(
    distinctEngines(built),
    { set, options, threads, ...(shards === undefined ? {} : { shards }) },
    job,
  );
  return {
    ...evaluated,
    classNames: set.classNames,
    backend: options.backend,
    target: options.target,
    ...(refused.length === 0 ? {} : { refused }),
    variants: withRepetitions(reports, built).filter(({ variant }) => options.variants.includes(variant)),
  };
}

/** The result of a validation whose answers are in shards. */
export async function mergeValidation(
  spec: ValidateSpec,
  complete: (key: string) => readonly UsableShard[],
  job: JobContext,
): Promise<ValidateResult> {
  const validation = await prepareValidation(spec, job);
  const { key } = await shardedValidation(validation, null, job);
  return resultOf(validation, job, complete(key));
}

/**
 * What a shard of a validation computes, and the key that all its shards share.
 * @throws WorkbenchError usage for a backend on a GPU: its engines belong to one machine
 */
export async function validationShard(
  spec: ValidateSpec,
  shard: Shard,
  job: JobContext,
): Promise<{ readonly params: EvaluateParams; readonly key: string }> {
  if (spec.backend !== undefined && spec.backend !== 'ort-cpu')
    throw new WorkbenchError('usage', `Expected backend ort-cpu for a shard of a validation, found ${spec.backend}`);
  return shardedValidation(await prepareValidation(spec, job), shard, job);
}

/** @param shard null for all shards together */
async function shardedValidation(
  { options, set, built, threads }: Validation,
  shard: Shard | null,
  job: JobContext,
): Promise<{ readonly params: EvaluateParams; readonly key: string }> {
  const { workspace, services } = job;
  const engines = distinctEngines(built);
  const params = await evaluateParams(engines, { set, options, threads }, job);
  const { file } = workspace;
  const key = shortHash({
    version: EVALUATION_VERSION,
    onnxruntime: services.onnxruntimeVersion,
    model: file.model.sha256,
    preprocessing: file.preprocessing,
    ...inputsOf(file),
    task: params.task,
    metricHash: params.metricHash ?? null,
    set: shard
      ? await shardManifest({ which: 'validation', set, shard }, job)
      : await mergedManifest({ which: 'validation', set }, job),
    labels: set.entries.map(labelOf),
    variants: engines.map(({ runnable, dir }) => [runnable.variant, basename(dir)]),
  });
  return { params, key };
}

/** What the labels say about an image, the same on every machine. */
function labelOf({ label, truth }: ImageEntry): unknown {
  return [label, truth?.kind === 'mask' ? { ...truth, path: basename(truth.path) } : (truth ?? null)];
}
