import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isPatient, type TaskContext } from '../../../src-shared/contract/progress';
import { inFp16, layerRuns, partOfWork, sumOfWork, wholeRuns } from '../../analysis/expected-work';
import { rankPart } from '../../analysis/search';
import { sensitivityTrials, sensitivityWork } from '../../analysis/sensitivity';
import type { ShardComputed, TrialProblem, TrialShardParams } from '../pool/protocol';
import { findShard, partOfShard, removeShard, stoppedError, writeShard } from '../shards/shard-store';
import { withTrials } from '../trials/trial-pool';

/**
 * Tries a part of the models of an analysis and stores their answers, which are lines of a trial journal, as a shard.
 * Every shard measures FP32 itself. If it is cancelled, the answers of complete models are kept, and the next run
 * continues from there.
 * @throws WorkbenchError stopped, cancelled, images-empty, unwritable, disk-full
 */
export async function trialShard(
  { problem, shard: task, key }: TrialShardParams,
  context: TaskContext,
): Promise<ShardComputed> {
  const { shard, dir, spec } = task;
  const identity = { kind: problem.kind, shard } as const;
  const startedAt = performance.now();
  const journalPath = problem.params.trials.journalPath.replace(
    /\.jsonl$/,
    `-${shard.index}-of-${shard.count}.partial`,
  );
  const before = await findShard(dir, identity, key, true);
  if (before && !existsSync(journalPath)) {
    await mkdir(dirname(journalPath), { recursive: true });
    await writeFile(journalPath, before.bytes);
  }
  const write = async (
    isPartial: boolean,
  ): Promise<{ shardPath: string; lines: readonly string[]; seconds: number }> => {
    const lines = await completeLines(journalPath);
    const seconds = (before?.marker.seconds ?? 0) + (performance.now() - startedAt) / 1000;
    const facts = { key, done: lines.length, seconds, spec, isPartial };
    const shardPath = await writeShard(dir, identity, Buffer.from(`${lines.join('\n')}\n`), facts);
    return { shardPath, lines, seconds };
  };
  try {
    await runPart(problem, { task, journalPath }, context);
  } catch (error) {
    if (!isPatient(context.signal)) throw error;
    const { lines } = await write(true);
    throw stoppedError(lines.length, partCount(problem, task), 'models', shard);
  }
  const { shardPath, lines, seconds } = await write(false);
  await removeShard(dir, identity, true);
  await rm(journalPath, { force: true });
  return { shardPath, done: lines.length, seconds };
}

/** The lines of a journal in a fixed order, without one that a killed process left incomplete. */
async function completeLines(journalPath: string): Promise<string[]> {
  const text = await readFile(journalPath, 'utf8').catch(() => '');
  return [...new Set(text.split('\n').filter((line) => line.endsWith('}')))].sort();
}

interface Part {
  readonly task: TrialShardParams['shard'];
  readonly journalPath: string;
}

async function runPart(problem: TrialProblem, { task, journalPath }: Part, context: TaskContext): Promise<void> {
  const partOf = <T>(list: readonly T[]): readonly T[] => partOfShard(list, task.shard);
  if (problem.kind === 'sensitivity') {
    const { trials: params, ...own } = problem.params;
    const models = sensitivityTrials(own);
    const list = partOf(models);
    if (list.length === 0) return;
    await withTrials({ ...params, journalPath }, context, async (trials) => {
      const all = trials.part(0, params.entries.length);
      const work = sensitivityWork(own, all.length, trials.changed);
      trials.expect('measuring layers', partOfWork(work, list.length / models.length));
      await trials.run(list, all);
    });
    return;
  }
  const { trials: params, rankCount, ...own } = problem.params;
  // Plans are judged by the search itself.
  const entries = params.entries.slice(0, rankCount);
  await withTrials({ ...params, entries, journalPath }, context, async (trials) => {
    const rank = trials.part(0, rankCount);
    const names = own.layers.map(({ layer }) => layer);
    const ranked = inFp16(layerRuns(names, rank.length, trials.changed));
    const share = partCount(problem, task) / (1 + names.length);
    trials.expect(
      'ranking layers',
      sumOfWork(wholeRuns(own.alternatives.length, rank.length), partOfWork(ranked, share)),
    );
    await rankPart(trials, { ...own, rank }, partOf);
  });
}

function partCount({ kind, params }: TrialProblem, { shard }: TrialShardParams['shard']): number {
  // Of a search, one model more than layers: that of all layers in INT8.
  const models = kind === 'search' ? 1 + params.layers.length : sensitivityTrials(params).length;
  return partOfShard([...Array(models).keys()], shard).length;
}
