import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Uploads } from '../../../src-main/serve/uploads';
import { useTempDirs } from '../../support/temp-dir';

const request = (text: string): IncomingMessage =>
  Object.assign(Readable.from([Buffer.from(text)]), {
    headers: {},
    setTimeout: () => undefined,
  }) as unknown as IncomingMessage;
const at = (path: string): URLSearchParams => new URLSearchParams({ batch: 'b1', path });

describe('the folder of uploads', () => {
  const tempDir = useTempDirs();

  it('is made by a later file when it could not be made before', async () => {
    const parent = join(tempDir(), 'later');
    const uploads = new Uploads(parent, 1000);
    await expect(uploads.receive(request('x'), at('a.bin'))).rejects.toThrow();
    mkdirSync(parent);
    const { path } = await uploads.receive(request('x'), at('a.bin'));
    expect(readFileSync(path, 'utf8')).toBe('x');
  });

  it('is made again, readable by this user only, when somebody cleaned it away', async () => {
    const uploads = new Uploads(tempDir(), 1000);
    await uploads.receive(request('x'), at('a.bin'));
    rmSync(uploads.dir, { recursive: true });
    const { path } = await uploads.receive(request('y'), at('b.bin'));
    expect(readFileSync(path, 'utf8')).toBe('y');
    expect(statSync(uploads.dir).mode & 0o777).toBe(0o700);
  });

  it('takes files at the same time', async () => {
    const uploads = new Uploads(tempDir(), 1000);
    const sent = await Promise.all(['a', 'b', 'c'].map((name) => uploads.receive(request(name), at(name))));
    expect(sent.map(({ path }) => readFileSync(path, 'utf8'))).toEqual(['a', 'b', 'c']);
  });

  it('takes names as long as a file system allows', async () => {
    const uploads = new Uploads(tempDir(), 1000);
    for (const name of [`${'x'.repeat(250)}.onnx`, `folder/${'图'.repeat(83)}.jpeg`]) {
      const { path } = await uploads.receive(request(name), at(name));
      expect(readFileSync(path, 'utf8')).toBe(name);
    }
  });

  it('is not one that somebody else made', async () => {
    const uploads = new Uploads(tempDir(), 1000);
    mkdirSync(uploads.dir);
    writeFileSync(join(uploads.dir, 'theirs'), '');
    await expect(uploads.receive(request('x'), at('a.bin'))).rejects.toThrow();
  });

  it('says where a project of its files is proposed', async () => {
    const folder = tempDir();
    expect(await new Uploads(tempDir(), 1000, folder).receive(request('x'), at('a.onnx'))).toMatchObject({
      projectsFolder: folder,
    });
    expect(await new Uploads(tempDir(), 1000).receive(request('x'), at('a.onnx'))).not.toHaveProperty('projectsFolder');
  });
});
