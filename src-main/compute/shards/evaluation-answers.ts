import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageId, type ImageSet, type SkippedImage } from '../../../src-shared/domain/project/image-set';
import type { ImageAnswer } from '../../analysis/variant-evaluator';
import { decodeEvaluation } from './evaluation-file';
import type { UsableShard } from './find-shards';
import { readShard } from './shard-store';

/**
 * The answers in complete shards, in the order of the set.
 * @throws WorkbenchError calibration-mismatch, not-found
 */
export async function answersOfShards(
  set: ImageSet,
  shards: readonly UsableShard[],
  context: TaskContext,
): Promise<{ answers: (readonly ImageAnswer[] | null)[]; skipped: SkippedImage[] }> {
  const slots = new Map(set.entries.map((entry, slot) => [imageId(entry), slot]));
  const answers: (readonly ImageAnswer[] | null)[] = set.entries.map(() => null);
  const skipped: SkippedImage[] = [...set.skipped];
  for (const [i, { path, marker }] of shards.entries()) {
    throwIfAborted(context.signal);
    context.onProgress?.({ phase: 'merging shards', done: i, total: shards.length, unit: 'shards' });
    for (const record of decodeEvaluation(await readShard(path, marker.sha256), path)) {
      const slot = slots.get(record.id);
      if (slot === undefined) continue;
      if ('reason' in record) skipped.push({ file: record.id, reason: record.reason });
      else answers[slot] = record.answers;
    }
  }
  return { answers, skipped };
}
