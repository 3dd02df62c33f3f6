import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../../src-main/base/atomic-file';
import { readError, writeError } from '../../../src-main/base/file-errors';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();
const errno = (code: string): Error => Object.assign(new Error(code), { code });

describe('writeFileAtomic', () => {
  it('replaces text and bytes, leaving nothing else behind', async () => {
    const path = join(tempDir(), 'a.json');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, Uint8Array.of(116, 119, 111));
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(join(path, '..'))).toEqual(['a.json']);
  });
  it('keeps what was there and cleans up when it fails', async () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'target'));
    writeFileSync(join(dir, 'target/kept'), 'x');
    await expect(writeFileAtomic(join(dir, 'target'), 'new')).rejects.toMatchObject({
      code: 'unwritable',
      message: expect.stringContaining(join(dir, 'target')) as string,
    });
    expect(readdirSync(dir)).toEqual(['target']);
    await expect(writeFileAtomic(join(dir, 'none/file'), 'new')).rejects.toThrow('its folder does not exist');
  });
  it('lets one of several writers win, whole', async () => {
    const path = join(tempDir(), 'a');
    await Promise.all(['a', 'b', 'c'].map((letter) => writeFileAtomic(path, letter.repeat(10_000))));
    expect(readFileSync(path, 'utf8')).toMatch(/^(a{10000}|b{10000}|c{10000})$/);
  });
});

describe('file errors', () => {
  it.each([
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EACCES', 'unwritable'],
    ['EROFS', 'unwritable'],
    ['EPERM', 'unwritable'],
  ])('a write that ends in %s is %s', (code, expected) => {
    expect(writeError(errno(code), '/x/y')).toMatchObject({
      code: expected,
      message: expect.stringContaining('/x/y') as string,
    });
  });
  it('other errors stay as they are', () => {
    const notOfTheSystem = new Error('a bug');
    expect(writeError(notOfTheSystem, '/x')).toBe(notOfTheSystem);
    const error = errno('EIO');
    expect(readError(error, '/x', 'File')).toBe(error);
    expect(readError(errno('EACCES'), '/x', 'File')).toMatchObject({ message: 'File /x cannot be read (EACCES)' });
  });
});
