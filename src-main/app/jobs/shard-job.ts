import { WorkbenchError } from '../../../src-shared/base/errors';
import { advise } from '../../../src-shared/base/advice';
import type { ShardResult } from '../../../src-shared/contract/job-results';
import type { JobSpec, SearchSpec, SensitivitySpec, ShardSpec } from '../../../src-shared/contract/job-specs';
import { appendFile, mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { EvaluateParams, TrialProblem } from '../../compute/pool/protocol';
import type { UsableShard } from '../../compute/shards/find-shards';
import { findShard, readShard, type ShardTask } from '../../compute/shards/shard-store';
import { variantOptions } from '../variants/options';
import { hasCurrentAuto } from '../analysis/auto-thresholds';
import type { JobContext } from '../job-context';
import { currentCalibration, requireCalibration, shortHash } from '../projects/workspace';
import { searchTask } from './search-job';
import { sensitivityTask } from './sensitivity-job';
import { validationShard } from './validate-job';

/**
 * Computes one part of a validation, sensitivity or search into a file for merge, unless the finished shard exists.
 * What the whole job decides first (the method best, for example) is decided by the first shard that needs it.
 */
export async function shardJob(spec: ShardSpec, job: JobContext): Promise<ShardResult> {
  const { workspace, services } = job;
  const task: ShardTask = {
    shard: spec.shard,
    dir: spec.shardDir ?? workspace.paths.shardsDir,
    spec: portable(spec.of),
  };
  const work = await job.exclusively((own) => workOf(spec, own));
  const identity = { kind: spec.of.kind, shard: spec.shard };
  const common = { project: workspace.path, of: spec.of.kind, shard: spec.shard };
  const kept = spec.fresh ? null : await findShard(task.dir, identity, work.key);
  if (kept) {
    const { done, seconds } = kept.marker;
    return { ...common, shardPath: kept.path, done, seconds, kept: true };
  }
  const { key } = work;
  const computed =
    work.kind === 'validate'
      ? await services.compute.request('evaluate-shard', { ...work.params, shard: task, key }, job)
      : await services.compute.request('trial-shard', { problem: work.problem, shard: task, key }, job);
  return { ...common, ...computed, kept: false };
}

/** A specification that means the same on every machine. */
function portable(spec: ShardSpec['of']): JobSpec {
  const settings = { ...spec, projectPath: '.' };
  delete settings.threads;
  return settings;
}

type Work =
  | { readonly kind: 'validate'; readonly key: string; readonly params: EvaluateParams }
  | { readonly kind: 'trials'; readonly key: string; readonly problem: TrialProblem };

function workOf({ of, shard }: ShardSpec, job: JobContext): Promise<Work> {
  const spec = { ...of, projectPath: job.workspace.path };
  switch (spec.kind) {
    case 'validate':
      return validationShard(spec, shard, job).then((own) => ({ kind: 'validate', ...own }));
    case 'sensitivity':
      return sensitivityTrialsOf(spec, job);
    case 'search':
      return rankingTrialsOf(spec, job);
  }
}

/** @throws WorkbenchError usage for kind visible */
export async function sensitivityTrialsOf(spec: SensitivitySpec, job: JobContext): Promise<TrialWork> {
  if (spec.question === 'visible')
    throw new WorkbenchError('usage', 'Kind visible looks at one model only, which cannot be divided into shards');
  const { params } = await sensitivityTask(spec, job);
  const { trials, kind, base, layers } = params;
  return {
    kind: 'trials',
    key: shortHash({ journal: basename(trials.journalPath), kind, base, layers }),
    problem: { kind: 'sensitivity', params },
  };
}

type TrialWork = Extract<Work, { kind: 'trials' }>;

/** @throws WorkbenchError calibration-missing if the thresholds of method auto would have to be chosen first */
export async function rankingTrialsOf(spec: SearchSpec, job: JobContext): Promise<TrialWork> {
  await requireAuto(spec, job);
  const { params } = await searchTask(spec, job);
  const { trials, rankCount, plan, alternatives, layers } = params;
  return {
    kind: 'trials',
    key: shortHash({ journal: basename(trials.journalPath), rankCount, plan, alternatives, layers }),
    problem: { kind: 'search', params },
  };
}

/** The thresholds of method auto are chosen by trials that depend on each other, which every shard would repeat. */
async function requireAuto(spec: SearchSpec, { workspace }: JobContext): Promise<void> {
  requireCalibration(workspace);
  const { target } = variantOptions(spec, workspace, []);
  if ((spec.method !== undefined && spec.method !== 'auto') || (await hasCurrentAuto(target, workspace))) return;
  if (currentCalibration(workspace) === null) return;
  throw new WorkbenchError('calibration-missing', 'A search that is divided needs the thresholds of method auto', {
    hint: advise('choose-auto'),
  });
}

/**
 * Adds the answers in complete shards to the journal of the analysis, which then finds them.
 * @returns the number of models, and the time that they took
 */
export async function importTrials(
  { problem: { params } }: TrialWork,
  shards: readonly UsableShard[],
): Promise<{ readonly trials: number; readonly seconds: number }> {
  const { journalPath } = params.trials;
  await mkdir(dirname(journalPath), { recursive: true });
  const lines = new Set<string>();
  for (const { path, marker } of shards) {
    const text = (await readShard(path, marker.sha256)).toString('utf8');
    for (const line of text.split('\n')) if (line !== '') lines.add(line);
  }
  await appendFile(journalPath, `\n${[...lines].join('\n')}`);
  return { trials: lines.size, seconds: shards.reduce((sum, { marker }) => sum + marker.seconds, 0) };
}
