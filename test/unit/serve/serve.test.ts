import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve, type RunningServer } from '../../../src-main/serve/serve';
import { API_METHODS, type WorkbenchApi, type WorkbenchEvent } from '../../../src-shared/contract/api';
import { decodeEnvelope } from '../../../src-shared/contract/binary';
import { useTempDirs } from '../../support/temp-dir';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Node's own client: fetch would not let a test choose Host or Origin. */
function send(port: number, options: RequestOptions, body?: Buffer | string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, agent: false, ...options }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const errorOf = ({ body }: Answer): unknown => (JSON.parse(body.toString()) as { readonly error: unknown }).error;

describe('serve mode', () => {
  const tempDir = useTempDirs();
  let dir = '';
  let server: RunningServer;
  let listeners: Set<(event: WorkbenchEvent) => void>;
  let api: WorkbenchApi;

  const call = (body: string, headers: Record<string, string> = {}, path = '/api/call'): Promise<Answer> =>
    send(
      server.port,
      {
        method: 'POST',
        path,
        headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json', ...headers },
      },
      body,
    );
  const upload = (query: string, body: Buffer): Promise<Answer> =>
    send(
      server.port,
      { method: 'POST', path: `/api/upload?${query}`, headers: { authorization: `Bearer ${server.token}` } },
      body,
    );

  beforeEach(async () => {
    dir = tempDir();
    mkdirSync(join(dir, 'page/assets'), { recursive: true });
    writeFileSync(join(dir, 'page/index.html'), '<!doctype html><title>page</title>');
    writeFileSync(join(dir, 'page/assets/a.js'), 'export {}');
    writeFileSync(join(dir, 'secret.js'), 'secret');
    listeners = new Set();
    const methods = API_METHODS.map((method) => [method, async () => ({ method, values: new Float32Array([1.5]) })]);
    api = {
      ...(Object.fromEntries(methods) as unknown as Omit<WorkbenchApi, 'subscribe'>),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    server = await serve(api, {
      port: 0,
      root: dir,
      rendererDir: join(dir, 'page'),
      maxUploadBytes: 1000,
      uploadsParent: dir,
    });
  });
  afterEach(() => server.close());

  it('prints an address with its token, bound to this machine', () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/?token=${server.token}`);
    expect(server.isLoopback).toBe(true);
  });

  it('serves the page with its policy, and index.html uncached', async () => {
    const page = await send(server.port, { path: '/?token=x' });
    expect(page).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      },
    });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(await send(server.port, { path: '/assets/a.js' })).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/javascript; charset=utf-8' },
    });
  });

  it('compresses the page once for clients that take it, and says so to caches', async () => {
    const text = 'export const screen = 1;\n'.repeat(400);
    const path = join(dir, 'page/assets/big.js');
    writeFileSync(path, text);
    const ask = (accept: string): Promise<Answer> =>
      send(server.port, { path: '/assets/big.js', headers: { 'accept-encoding': accept } });
    const decode = { br: brotliDecompressSync, gzip: gunzipSync } as const;
    for (const [accept, encoding] of [
      ['gzip, deflate, br', 'br'],
      ['gzip;q=1.0, br;q=0', 'gzip'],
    ] as const) {
      const answer = await ask(accept);
      expect(answer.headers).toMatchObject({
        'content-encoding': encoding,
        vary: 'Accept-Encoding',
        'content-type': 'text/javascript; charset=utf-8',
        'content-length': String(answer.body.length),
      });
      expect(answer.body.length).toBeLessThan(text.length / 20);
      expect(decode[encoding](answer.body).toString()).toBe(text);
    }
    expect((await ask('identity')).body.toString()).toBe(text);
    // A page that was built again is not hidden by what was compressed before.
    writeFileSync(path, text.replaceAll('1', '23'));
    expect(brotliDecompressSync((await ask('br')).body).toString()).toBe(text.replaceAll('1', '23'));
    const small = await send(server.port, { path: '/assets/a.js', headers: { 'accept-encoding': 'br' } });
    expect([small.headers['content-encoding'], small.body.toString()]).toEqual([undefined, 'export {}']);
  });

  it.each([
    '/../secret.js',
    '/..%2fsecret.js',
    '/assets/../../secret.js',
    '/none.js',
    '/assets',
    '//secret.js',
    '/%5c..%5csecret.js',
  ])('has nothing at %s', async (path) => {
    const answer = await send(server.port, { path });
    expect(answer.status).toBe(404);
    expect(errorOf(answer)).toMatchObject({ code: 'not-found' });
  });

  it('answers calls with typed arrays', async () => {
    const answer = await call(JSON.stringify({ id: 7, method: 'doctor', request: {} }));
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/vnd.calib' } });
    expect(decodeEnvelope(answer.body)).toEqual({
      type: 'reply',
      id: 7,
      ok: true,
      value: { method: 'doctor', values: new Float32Array([1.5]) },
    });
  });

  it('carries errors of the application as replies', async () => {
    expect(decodeEnvelope((await call('{"method":"nothing"}')).body)).toMatchObject({
      ok: false,
      error: { code: 'usage' },
    });
    const outside = await call(JSON.stringify({ method: 'inspectModel', request: { modelPath: '/etc/passwd' } }));
    expect(decodeEnvelope(outside.body)).toMatchObject({
      ok: false,
      error: { code: 'usage', hint: expect.stringContaining('another root folder') as string },
    });
  });

  it('wants its token for everything below /api/', async () => {
    const body = '{"method":"doctor"}';
    for (const authorization of ['', 'Bearer x', `Basic ${server.token}`])
      expect(await call(body, { authorization })).toMatchObject({ status: 401 });
    // A token in an address ends up in histories: only the event stream takes it from there.
    expect(
      await send(
        server.port,
        { method: 'POST', path: `/api/call?token=${server.token}`, headers: { 'content-type': 'application/json' } },
        body,
      ),
    ).toMatchObject({ status: 401 });
    expect(await send(server.port, { path: '/api/events?token=x' })).toMatchObject({ status: 401 });
  });

  it('refuses other hosts and origins, with the token too', async () => {
    expect(await call('{}', { host: `evil.example:${server.port}` })).toMatchObject({ status: 403 });
    expect(await send(server.port, { path: '/', headers: { host: 'evil.example' } })).toMatchObject({ status: 403 });
    expect(await call('{}', { origin: 'http://evil.example' })).toMatchObject({ status: 403 });
    expect(await call('{"method":"doctor"}', { origin: `http://127.0.0.1:${server.port}` })).toMatchObject({
      status: 200,
    });
  });

  it('refuses bodies that are too large, of another type, or no JSON', async () => {
    expect(await call(JSON.stringify({ method: 'doctor', request: 'x'.repeat(1_100_000) }))).toMatchObject({
      status: 413,
    });
    expect(await call('{}', { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await call('{')).toMatchObject({ status: 400 });
    expect(await call('null')).toMatchObject({ status: 400 });
    expect(await call('{}', {}, '/api/none')).toMatchObject({ status: 404 });
  });

  it('streams events until the reader leaves', async () => {
    const first = new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest(
        { host: '127.0.0.1', port: server.port, path: `/api/events?token=${server.token}`, agent: false },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => {
            text += chunk;
            if (text.includes(': connected'))
              for (const listener of listeners) listener({ type: 'project', projectPath: '/p' });
            if (!text.includes('data: ')) return;
            outgoing.destroy();
            resolve(text);
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
    expect(await first).toContain('data: {"type":"event","event":{"type":"project","projectPath":"/p"}}\n\n');
    await expect.poll(() => listeners.size).toBe(0);
  });

  it('keeps uploads in their structure and opens them', async () => {
    const answer = await upload('batch=b1&path=night%2F6%2Fa.jpg', Buffer.from('pixels'));
    expect(answer.status).toBe(200);
    const { path, folder } = JSON.parse(answer.body.toString()) as { readonly path: string; readonly folder: string };
    expect(path).toBe(join(folder, 'night/6/a.jpg'));
    expect(readFileSync(path, 'utf8')).toBe('pixels');
    const opened = await call(JSON.stringify({ method: 'inspectModel', request: { modelPath: path } }));
    expect(decodeEnvelope(opened.body)).toMatchObject({ ok: true });
    expect(await server.close()).toBe(join(folder, '..'));
  });

  it('limits uploads in all, and leaves nothing of a refused one', async () => {
    expect(await upload('batch=b1&path=a.bin', Buffer.alloc(600))).toMatchObject({ status: 200 });
    const refused = await upload('batch=b1&path=b.bin', Buffer.alloc(600));
    expect(refused.status).toBe(413);
    expect(errorOf(refused)).toMatchObject({
      message: expect.stringContaining('start the server with a larger limit') as string,
    });
    expect(await upload('batch=b1&path=c.bin', Buffer.alloc(400))).toMatchObject({ status: 200 });
    expect(await upload('batch=..&path=a', Buffer.alloc(1))).toMatchObject({ status: 400 });
  });

  it('makes no folder while nothing is uploaded, and leaves none when every upload was refused', async () => {
    const uploads = (): string[] => readdirSync(dir).filter((name) => name.startsWith('calib-uploads-'));
    expect(uploads()).toEqual([]);
    expect(await upload('batch=b1&path=a.bin', Buffer.alloc(2000))).toMatchObject({ status: 413 });
    expect(await server.close()).toBeNull();
    expect(uploads()).toEqual([]);
  });

  it('says what is wrong with a port, a root, a page', async () => {
    await expect(serve(api, { port: server.port, root: dir, rendererDir: join(dir, 'page') })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('in use') as string,
    });
    await expect(serve(api, { root: join(dir, 'none') })).rejects.toMatchObject({ code: 'not-found' });
    expect(existsSync(join(dir, 'none'))).toBe(false);
  });
});
