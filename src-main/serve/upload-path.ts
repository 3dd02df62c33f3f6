import { join } from 'node:path';

const MAX_DEPTH = 32;
/** Length limit of file names in common file systems, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_CHARS = 1_024;
/** Control characters, characters that Windows forbids, and both kinds of slashes. */
const FORBIDDEN = /[\p{Cc}<>:"|?*\\/]/u;

/** The path of an uploaded file: `root/batch/relativePath`; null for a name that could lead out of this folder. */
export function uploadPath(root: string, batch: string, relativePath: string): string | null {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(batch) || relativePath.length > MAX_PATH_CHARS) return null;
  const segments = relativePath.split('/');
  if (segments.length > MAX_DEPTH || !segments.every(isName)) return null;
  return join(root, batch, ...segments);
}

function isName(segment: string): boolean {
  return (
    segment !== '' &&
    segment !== '.' &&
    segment !== '..' &&
    Buffer.byteLength(segment) <= MAX_NAME_BYTES &&
    !FORBIDDEN.test(segment) &&
    !/[. ]$/.test(segment)
  );
}
