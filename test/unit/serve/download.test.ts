import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sendDownload } from '../../../src-main/serve/download';
import { PathGrants } from '../../../src-main/transport/path-grants';
import { HttpError } from '../../../src-main/transport/http-body';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();
let dir = '';
let server: Server;

beforeEach(async () => {
  dir = tempDir();
  const grants = new PathGrants([join(dir, 'root')]);
  mkdirSync(join(dir, 'root/package/samples/1'), { recursive: true });
  writeFileSync(join(dir, 'secret.txt'), 'not for the page');
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://server').searchParams.get('path');
    sendDownload(path, grants, response).catch((error: unknown) => {
      response.writeHead(error instanceof HttpError ? error.status : 500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => void server.close());

const get = (path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/?${new URLSearchParams({ path }).toString()}`);

it('sends a folder as an archive that tar reads', async () => {
  const folder = join(dir, 'root/package');
  const long = `${'a'.repeat(60)}/${'b'.repeat(90)}.bin`;
  mkdirSync(join(folder, 'a'.repeat(60)));
  const files: Readonly<Record<string, string>> = {
    'manifest.json': '{}',
    'empty.txt': '',
    'samples/1/image.png': 'x'.repeat(1500),
    [long]: 'exactly'.repeat(512),
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  symlinkSync(join(dir, 'secret.txt'), join(folder, 'link.txt'));
  const response = await get(folder);
  expect(response.headers.get('content-type')).toBe('application/x-tar');
  const archive = join(dir, 'package.tar');
  writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
  const listed = spawnSync('tar', ['-tf', archive], { encoding: 'utf8' });
  expect(listed.stdout.trim().split('\n').sort()).toEqual(
    Object.keys(files)
      .map((file) => `package/${file}`)
      .sort(),
  );
  expect(spawnSync('tar', ['-xf', archive, '-C', dir]).status).toBe(0);
  for (const [file, content] of Object.entries(files))
    expect(readFileSync(join(dir, 'package', file), 'utf8')).toBe(content);
});

it('sends a file, and refuses what is outside of the root, absent or not absolute', async () => {
  const file = join(dir, 'root/model.onnx');
  writeFileSync(file, 'model');
  const response = await get(file);
  expect([response.status, await response.text()]).toEqual([200, 'model']);
  symlinkSync(join(dir, 'secret.txt'), join(dir, 'root/link'));
  for (const [path, status] of [
    [join(dir, 'secret.txt'), 403],
    [join(dir, 'root/../secret.txt'), 403],
    [join(dir, 'root/link'), 403],
    [join(dir, 'root/none'), 404],
    ['model.onnx', 400],
  ] as const)
    expect((await get(path)).status, path).toBe(status);
});
