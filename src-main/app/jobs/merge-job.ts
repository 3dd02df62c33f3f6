import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { parse, SchemaError } from '../../../src-shared/base/schema';
import type { MergeResult } from '../../../src-shared/contract/job-results';
import { jobSpecSchema, type JobSpec, type MergeSpec, type ShardedKind } from '../../../src-shared/contract/job-specs';
import { completeShards, kindOfShards, listShards, type ListedShard } from '../../compute/shards/find-shards';
import type { JobContext } from '../job-context';
import { mergeCalibration } from './calibrate-job';
import { sensitivityJob } from './sensitivity-job';
import { importTrials, rankingTrialsOf, sensitivityTrialsOf } from './shard-job';
import { mergeValidation } from './validate-job';

/**
 * Puts the shards of a job together. The settings of the job are those that the shards were made with.
 * @throws WorkbenchError calibration-mismatch that names shards that are missing, repeated, unfinished, damaged or made
 * for something else; usage if there are shards of several kinds
 */
export async function mergeJob({ shardPaths, of: wanted }: MergeSpec, job: JobContext): Promise<MergeResult> {
  const own = job.workspace.path;
  const found = await listShards(shardPaths.length === 0 ? [own] : shardPaths.map((path) => resolve(path)));
  const kind = kindOfShards(found, wanted);
  const spec = specOf(found, kind, own);
  const complete = (key: string): ReturnType<typeof completeShards> => completeShards(found, kind, key);
  switch (spec.kind) {
    case 'calibrate':
      return { of: 'calibrate', result: await mergeCalibration(spec, complete, job) };
    case 'validate':
      return { of: 'validate', result: await mergeValidation(spec, complete, job) };
    case 'sensitivity': {
      const work = await sensitivityTrialsOf(spec, job);
      const { trials, seconds } = await importTrials(work, complete(work.key));
      const passes = trials * work.problem.params.trials.entries.length;
      return { of: 'sensitivity', result: await sensitivityJob(spec, job, { seconds, passes }) };
    }
    case 'search': {
      const work = await rankingTrialsOf(spec, job);
      const { trials } = await importTrials(work, complete(work.key));
      return { of: 'search', result: { project: own, trials } };
    }
    default:
      throw new WorkbenchError('internal', `Shards of ${spec.kind} cannot be merged`);
  }
}

/** The job that the shards are parts of, as a job of this project. */
function specOf(found: readonly ListedShard[], kind: ShardedKind, projectPath: string): JobSpec {
  const first = found.find(({ marker }) => marker?.kind === kind);
  const stored = first?.marker?.spec;
  try {
    const spec = parse(jobSpecSchema, { ...(stored as object), projectPath });
    if (spec.kind === kind) return spec;
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
  }
  throw new WorkbenchError('calibration-mismatch', `The settings of shard ${first?.path ?? ''} cannot be read`);
}
