import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';

const BLOCK = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** Sizes are 11 octal digits. */
const MOST_BYTES = 8 ** 11 - 1;

/**
 * The files of a folder as a tar archive (POSIX.1-1988, ustar), in the order of their names, below `name`. Links and
 * other special files are left out.
 * @throws WorkbenchError usage for a path that does not fit into the format
 */
export async function* tarOf(folder: string, name: string): AsyncGenerator<Uint8Array> {
  for (const file of await filesBelow(folder, '')) {
    const path = join(folder, file);
    const { size, mtimeMs } = await stat(path);
    yield header(`${name}/${file}`, size, mtimeMs);
    let sent = 0;
    for await (const chunk of createReadStream(path, { end: Math.max(0, size - 1) }) as AsyncIterable<Buffer>) {
      // A file may have grown since its size was written.
      const part = chunk.subarray(0, size - sent);
      sent += part.length;
      yield part;
    }
    if (sent < size) throw new WorkbenchError('not-found', `${path} became shorter while it was read`);
    if (size % BLOCK !== 0) yield Buffer.alloc(BLOCK - (size % BLOCK));
  }
  yield Buffer.alloc(2 * BLOCK);
}

async function filesBelow(folder: string, prefix: string): Promise<readonly string[]> {
  const entries = (await readdir(join(folder, prefix), { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const found: string[] = [];
  for (const entry of entries) {
    const file = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesBelow(folder, `${file}/`)));
    else if (entry.isFile()) found.push(file);
  }
  return found;
}

function header(path: string, size: number, mtimeMs: number): Buffer {
  const { prefix, name } = split(path);
  if (size > MOST_BYTES) throw new WorkbenchError('usage', `${path} is too large for an archive`);
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 'utf8');
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${octal(size)}\0`, 124);
  block.write(`${octal(Math.max(0, Math.floor(mtimeMs / 1000)))}\0`, 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345, 'utf8');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function octal(value: number): string {
  return value.toString(8).padStart(11, '0');
}

/** A path of more than 100 bytes is divided at a slash. */
function split(path: string): { readonly prefix: string; readonly name: string } {
  if (Buffer.byteLength(path) <= NAME_BYTES) return { prefix: '', name: path };
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(name) <= NAME_BYTES && Buffer.byteLength(prefix) <= PREFIX_BYTES) return { prefix, name };
  }
  throw new WorkbenchError('usage', `The path ${path} is too long for an archive`);
}
