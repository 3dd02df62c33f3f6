import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { throwIfAborted } from '../../src-shared/base/errors';

/** sha256 of a file's content as 64 hex digits, streamed (constant memory). Throws Node's error when it cannot be read. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, signal === undefined ? {} : { signal });
  return hash.digest('hex');
}

const hashes = new Map<string, { readonly stamp: string; readonly sha256: string }>();

/**
 * As sha256OfFile, but a file that this process has hashed before is not read again while its size, inode and times of change are
 * the same.
 */
export async function sha256OfStoredFile(path: string, signal?: AbortSignal): Promise<string> {
  const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const stamp = `${size} ${ino} ${mtimeNs} ${ctimeNs}`;
  const known = hashes.get(path);
  if (known?.stamp === stamp) return known.sha256;
  const sha256 = await sha256OfFile(path, signal);
  hashes.set(path, { stamp, sha256 });
  return sha256;
}

/** Whether a file is there with this content; what cannot be read is not. @throws WorkbenchError cancelled */
export async function hasContent(path: string, sha256: string, signal?: AbortSignal): Promise<boolean> {
  const found = await sha256OfStoredFile(path, signal).catch(() => null);
  throwIfAborted(signal);
  return found === sha256;
}
