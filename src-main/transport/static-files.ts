import { extname, join } from 'node:path';
import { ownValue } from '../../src-shared/base/records';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

export interface StaticFile {
  readonly path: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

/**
 * The file of the built page for the path of an address. null for file types that the page does not use, hidden files,
 * and paths that would leave `dir`. `/` is index.html.
 */
export function staticFile(dir: string, urlPath: string): StaticFile | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  const segments = decoded.split('/').filter((segment) => segment !== '');
  if (!segments.every((segment) => /^[\w-][\w.@+-]*$/.test(segment))) return null;
  const path = join(dir, ...(segments.length === 0 ? ['index.html'] : segments));
  const contentType = ownValue(CONTENT_TYPES, extname(path).toLowerCase());
  if (contentType === undefined) return null;
  // The names of all files below assets/ contain a hash of their content.
  const cacheControl = segments[0] === 'assets' ? 'private, max-age=31536000, immutable' : 'no-store';
  return { path, contentType, cacheControl };
}
