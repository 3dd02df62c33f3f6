import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AtomicFile } from '../../../src-main/base/atomic-file';
import { writeError } from '../../../src-main/base/file-errors';

test('the old content stays until commit, and a discarded file leaves nothing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'onnx-atomic-'));
  try {
    const path = join(dir, 'f');
    writeFileSync(path, 'old');
    const discarded = await AtomicFile.create(path);
    await discarded.append(Buffer.from('half'));
    await discarded.discard();
    expect([readFileSync(path, 'utf8'), readdirSync(dir)]).toEqual(['old', ['f']]);
    const committed = await AtomicFile.create(path);
    await committed.append(Buffer.from('n'));
    await committed.append(Buffer.from('ew'));
    expect(readFileSync(path, 'utf8')).toBe('old');
    await committed.commit();
    await committed.discard();
    expect([readFileSync(path, 'utf8'), readdirSync(dir)]).toEqual(['new', ['f']]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test.each([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EROFS', 'unwritable'],
  ['EACCES', 'unwritable'],
  ['EIO', 'unwritable'],
])('%s is reported as %s with the name of the file', (code, expected) => {
  const error = writeError(Object.assign(new Error(code), { code }), 'out/m.onnx');
  expect(error).toMatchObject({ code: expected, message: expect.stringContaining('out/m.onnx') as string });
});
