import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { DuplicatePair, HealthImage } from '../../../src-shared/domain/health/health';
import type { CorruptImage } from '../../../src-shared/domain/health/health-findings';
import { imageId, type ImageEntry } from '../../../src-shared/domain/project/image-set';
import { nearDuplicatesOf } from '../../../src-shared/domain/health/near-duplicates';
import { examineImage, type ExaminedImage } from '../../calibration/images/image-fingerprint';
import type { CheckImagesParams, CheckImagesResult } from '../pool/protocol';

/** Images that are decoded at the same time; decoding runs on libuv's threads. */
const IN_FLIGHT = 4;
/** Images that are compared between two checks of the cancel signal. */
const ROWS_AT_ONCE = 256;

interface Examined {
  readonly image: HealthImage;
  readonly entry: ImageEntry;
  readonly found: ExaminedImage;
}

/** Decodes every image of several sets, and finds corrupt images and images that occur more than once. */
export async function checkImages({ sets }: CheckImagesParams, context: TaskContext): Promise<CheckImagesResult> {
  const all = sets.flatMap(({ set, entries }) =>
    entries.map((entry) => ({ image: { set, id: imageId(entry) }, entry })),
  );
  const examined: Examined[] = [];
  for (let start = 0; start < all.length; start += IN_FLIGHT) {
    throwIfAborted(context.signal);
    context.onProgress?.({ phase: 'checking images', done: start, total: all.length, unit: 'images' });
    const batch = all.slice(start, start + IN_FLIGHT);
    examined.push(
      ...(await Promise.all(batch.map(async (item) => ({ ...item, found: await examineImage(item.entry) })))),
    );
  }
  const corrupt = examined.flatMap(({ image, entry, found }): CorruptImage[] =>
    found.ok ? [] : [{ set: image.set, file: entry.file, reason: found.reason }],
  );
  return { corrupt, duplicates: await duplicatesAmong(examined, context) };
}

/** Pairs of an image and the first earlier image that it equals, exactly or nearly; in set order. */
async function duplicatesAmong(examined: readonly Examined[], context: TaskContext): Promise<DuplicatePair[]> {
  const firstOf = new Map<string, number>();
  const fingerprints = examined.map(({ found }) => (found.ok ? found.fingerprint : null));
  const pairs: DuplicatePair[] = [];
  for (const [i, { image, found }] of examined.entries()) {
    if (i % ROWS_AT_ONCE === 0) {
      throwIfAborted(context.signal);
      context.onProgress?.({ phase: 'comparing images', done: i, total: examined.length, unit: 'images' });
      await new Promise((resolve) => setImmediate(resolve)); // Lets a cancel message arrive.
    }
    if (!found.ok) continue;
    const exact = firstOf.get(found.sha256);
    if (exact === undefined) firstOf.set(found.sha256, i);
    const near = exact === undefined ? nearDuplicatesOf(i, fingerprints)[0] : undefined;
    const first = examined[exact ?? near ?? -1]?.image;
    if (first !== undefined) pairs.push({ kind: exact === undefined ? 'near' : 'exact', first, second: image });
  }
  return pairs;
}
