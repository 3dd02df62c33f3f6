import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { basename, isAbsolute, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HttpError } from '../transport/http-body';
import type { PathGrants } from '../transport/path-grants';
import { tarOf } from './tar';

/** Sends a file, or a folder as one tar archive, if it lies below what the server may open. */
export async function sendDownload(path: string | null, grants: PathGrants, response: ServerResponse): Promise<void> {
  if (path === null || path.includes('\0') || !isAbsolute(path)) throw new HttpError(400, 'Expected an absolute path');
  const absolute = resolve(path);
  if (!grants.isGranted(absolute))
    throw new HttpError(403, `${absolute} is not among the files and folders that may be opened here`);
  const found = await stat(absolute).catch(() => null);
  if (found === null || !(found.isFile() || found.isDirectory()))
    throw new HttpError(404, `${absolute} does not exist`);
  if (found.isFile()) {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': found.size });
    await pipeline(createReadStream(absolute), response);
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/x-tar' });
  await pipeline(Readable.from(tarOf(absolute, basename(absolute))), response);
}
