import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import {
  FINGERPRINT_HEIGHT,
  FINGERPRINT_WIDTH,
  fingerprintOf,
  type Fingerprint,
} from '../../../src-shared/domain/health/near-duplicates';
import { decodeImage } from './image-decoder';
import { toGray } from './pixels';
import { imageHash } from './image-set';
import { sharpLibrary } from './sharp-library';

/** Identifies equal and similar images: the hash of the bytes, and the appearance (null for a tensor file). */
export type ExaminedImage =
  | { readonly ok: true; readonly sha256: string; readonly fingerprint: Fingerprint | null }
  | { readonly ok: false; readonly reason: string };

/** Reads and decodes one image. If it cannot be decoded, the result says so; any other failure is thrown. */
export async function examineImage(entry: ImageEntry): Promise<ExaminedImage> {
  if (entry.record !== null || /\.np[yz]$/i.test(entry.path)) {
    return { ok: true, sha256: await imageHash(entry), fingerprint: null };
  }
  try {
    const gray = toGray(await decodeImage(entry.path, entry.file));
    const { width, height, channels, data } = gray;
    const small = await sharpLibrary()(data, { raw: { width, height, channels } })
      .resize(FINGERPRINT_WIDTH, FINGERPRINT_HEIGHT, { fit: 'fill' })
      .greyscale()
      .raw()
      .toBuffer();
    return { ok: true, sha256: await imageHash(entry), fingerprint: fingerprintOf(small) };
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'image-invalid') return { ok: false, reason: error.message };
    throw error;
  }
}
