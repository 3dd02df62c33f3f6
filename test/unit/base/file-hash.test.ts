import { createHash, randomBytes } from 'node:crypto';
import { renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileHashes, hasContent, sha256OfFile } from '../../../src-main/base/file-hash';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function file(content: Uint8Array | string): string {
  const path = join(tempDir(), 'file.bin');
  writeFileSync(path, content);
  return path;
}

describe('sha256OfFile', () => {
  it.each([0, 1, 4_000_000, 4_000_001, 9_000_000])('hashes %i bytes', async (size) => {
    const bytes = randomBytes(size);
    expect(await sha256OfFile(file(bytes))).toBe(sha256(bytes));
  });
});

describe('FileHashes', () => {
  it('reads an unchanged file once', async () => {
    const hashes = new FileHashes();
    const path = file('content');
    for (let i = 0; i < 3; i++) expect(await hashes.sha256(path)).toBe(sha256(Buffer.from('content')));
    expect(hashes.readCount).toBe(1);
  });

  it('reads a file once for all who ask at the same time', async () => {
    const hashes = new FileHashes();
    const path = file('content');
    const found = await Promise.all(Array.from({ length: 20 }, () => hashes.sha256(path)));
    expect(new Set(found)).toEqual(new Set([sha256(Buffer.from('content'))]));
    expect(hashes.readCount).toBe(1);
  });

  it('reads a file again after other content of the same size was written', async () => {
    const hashes = new FileHashes();
    const path = file('one');
    const { atime, mtime } = statSync(path);
    expect(await hashes.sha256(path)).toBe(sha256(Buffer.from('one')));
    await new Promise((resolve) => setTimeout(resolve, 20)); // the clock of the file system may tick every 10 ms
    writeFileSync(path, 'two');
    utimesSync(path, atime, mtime);
    expect(await hashes.sha256(path)).toBe(sha256(Buffer.from('two')));
    expect(hashes.readCount).toBe(2);
  });

  it('reads a file again after another one took its place', async () => {
    const hashes = new FileHashes();
    const path = file('one');
    await hashes.sha256(path);
    writeFileSync(`${path}.new`, 'two');
    renameSync(`${path}.new`, path);
    expect(await hashes.sha256(path)).toBe(sha256(Buffer.from('two')));
  });

  it('forgets the least recently used files beyond its limit', async () => {
    const hashes = new FileHashes(2);
    const paths = ['a', 'b', 'c'].map((name) => file(name));
    for (const path of paths) await hashes.sha256(path);
    await hashes.sha256(paths[2] ?? '');
    expect(hashes.readCount).toBe(3);
    await hashes.sha256(paths[0] ?? '');
    expect(hashes.readCount).toBe(4);
  });

  it('gives the hash to one caller although another one cancelled the read that they shared', async () => {
    const hashes = new FileHashes();
    const bytes = randomBytes(9_000_000);
    const path = file(bytes);
    const controller = new AbortController();
    const cancelled = hashes.sha256(path, controller.signal);
    const wanted = hashes.sha256(path);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(await wanted).toBe(sha256(bytes));
  });

  it('reports a file that does not exist', async () => {
    await expect(new FileHashes().sha256(join(tempDir(), 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('hasContent', () => {
  it('is false for other content and for a file that does not exist', async () => {
    const path = file('content');
    expect(await hasContent(path, sha256(Buffer.from('content')))).toBe(true);
    expect(await hasContent(path, sha256(Buffer.from('other')))).toBe(false);
    expect(await hasContent(join(tempDir(), 'none'), sha256(Buffer.from('content')))).toBe(false);
  });
});
