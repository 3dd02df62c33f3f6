import { isPatient, type TaskContext } from '../../../src-shared/contract/progress';
import { imageId } from '../../../src-shared/domain/project/image-set';
import type { EvaluateShardParams, ShardComputed } from '../pool/protocol';
import { decodeEvaluation, encodeEvaluation, type ImageRecord } from '../shards/evaluation-file';
import { findShard, partOfShard, removeShard, stoppedError, writeShard } from '../shards/shard-store';
import { evaluateImages } from './evaluate';

/**
 * Runs every variant over a part of the set and stores the answers as a shard. If it is cancelled patiently, the images
 * that were answered are stored, and the next run continues from there.
 * @throws WorkbenchError stopped, cancelled, unwritable, disk-full
 */
export async function evaluateShard(params: EvaluateShardParams, context: TaskContext): Promise<ShardComputed> {
  const { shard: task, key, set } = params;
  const { shard, dir, spec } = task;
  const identity = { kind: 'validate', shard } as const;
  const entries = partOfShard(set.entries, shard);
  const startedAt = performance.now();
  const before = await findShard(dir, identity, key, true);
  const known = new Map<string, ImageRecord>();
  if (before) for (const record of decodeEvaluation(before.bytes, before.path)) known.set(record.id, record);
  const write = (isPartial: boolean): Promise<string> => {
    const records = entries.flatMap((entry) => known.get(imageId(entry)) ?? []);
    const seconds = (before?.marker.seconds ?? 0) + (performance.now() - startedAt) / 1000;
    const facts = { key, done: records.length, seconds, spec, isPartial };
    return writeShard(dir, identity, encodeEvaluation(records), facts);
  };
  try {
    const remaining = entries.filter((entry) => !known.has(imageId(entry)));
    const images = { ...params, entries: remaining, done: entries.length - remaining.length };
    if (remaining.length > 0) {
      await evaluateImages(images, context, (_slot, entry, outcome) => {
        const id = imageId(entry);
        known.set(id, outcome.ok ? { id, answers: outcome.value } : { id, reason: outcome.reason });
      });
    }
  } catch (error) {
    if (!isPatient(context.signal)) throw error;
    if (known.size > 0) await write(true);
    throw stoppedError(known.size, entries.length, 'images', shard);
  }
  const shardPath = await write(false);
  await removeShard(dir, identity, true);
  return { shardPath, done: known.size, seconds: (performance.now() - startedAt) / 1000 };
}
