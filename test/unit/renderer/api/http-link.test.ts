import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodeEnvelope } from '../../../../src-shared/contract/binary';
import { createClient } from '../../../../src-renderer/api/client';
import type { ConnectionStatus } from '../../../../src-renderer/api/connection';
import { createHttpLink, type HttpLink } from '../../../../src-renderer/api/http-link';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function startServer(answer: Answer): Promise<{ readonly url: string; readonly streams: ServerResponse[] }> {
  const streams: ServerResponse[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.url === '/api/events' && request.headers.authorization === 'Bearer secret') {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(': connected\n\n');
        streams.push(response);
      } else answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, streams };
}

function startLink(
  baseUrl: string,
  token = 'secret',
): { readonly link: HttpLink; readonly statuses: ConnectionStatus[] } {
  const link = createHttpLink({ token, baseUrl });
  ends.push(link.close);
  const statuses: ConnectionStatus[] = [];
  link.onStatus((status) => statuses.push(status));
  return { link, statuses };
}

const refuse: Answer = (_, response) => {
  response.writeHead(401, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error: { code: 'usage', message: 'The token is missing' } }));
};

describe('http link', () => {
  it('carries typed arrays back and errors as errors', async () => {
    const server = await startServer((_, response, body) => {
      const { id, method } = JSON.parse(body) as { id: number; method: string };
      const reply =
        method === 'getHistogram'
          ? { type: 'reply', id, ok: true, value: { imageAmax: new Float32Array([1.5, Number.NaN]) } }
          : { type: 'reply', id, ok: false, error: { code: 'not-found', message: 'No project', hint: 'Open one.' } };
      response.end(encodeEnvelope(reply));
    });
    const api = createClient(startLink(server.url).link);
    expect((await api.getHistogram({ projectPath: '/p', tensor: 't' })).imageAmax).toEqual(
      new Float32Array([1.5, Number.NaN]),
    );
    await expect(api.openProject({ projectPath: '/p' })).rejects.toMatchObject({
      code: 'not-found',
      hint: 'Open one.',
    });
  });

  it('says what a server said that did not pass the call on', async () => {
    const server = await startServer(refuse);
    const api = createClient(startLink(server.url).link);
    await expect(api.doctor()).rejects.toThrow('The application did not answer doctor: The token is missing');
  });

  it('delivers events, and comes back by itself when the stream is lost', async () => {
    const server = await startServer(refuse);
    const { link, statuses } = startLink(server.url);
    const events: unknown[] = [];
    createClient(link).subscribe((event) => events.push(event));
    await vi.waitFor(() => expect(server.streams).toHaveLength(1));
    server.streams[0]?.write('data: {"type":"event","event":{"type":"project","projectPath":"/a"}}\n\n');
    await vi.waitFor(() => expect(events).toEqual([{ type: 'project', projectPath: '/a' }]));
    server.streams[0]?.destroy();
    await vi.waitFor(() => expect(statuses.at(-1)?.state).toBe('lost'));
    link.retry();
    await vi.waitFor(() => expect(server.streams).toHaveLength(2));
    await vi.waitFor(() =>
      expect(statuses.map((status) => status.state)).toEqual(['connecting', 'online', 'lost', 'online']),
    );
    server.streams[1]?.write('data: {"type":"event","event":{"type":"project","projectPath":"/b"}}\n\n');
    await vi.waitFor(() => expect(events).toHaveLength(2));
  });

  it('puts events together however the stream is cut, and keeps one that is not complete', async () => {
    const eventOf = (path: string): string => `{"type":"event","event":{"type":"project","projectPath":"${path}"}}`;
    const text = `retry: 1000\n: connected\n\ndata: ${eventOf('/a')}\n\n: alive\n\ndata: ${eventOf('/b').replace(',', ',\ndata: ')}\n\n`;
    const bytes = new TextEncoder().encode(`${text}data: ${eventOf('/half')}`);
    for (const size of [1, 2, 3, 5, 8, 13, 64, bytes.length]) {
      let end: () => void = () => undefined;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
          end = () => {
            controller.enqueue(new TextEncoder().encode('\n\n'));
            controller.close();
          };
        },
      });
      const link = createHttpLink({ token: 'secret', fetch: () => Promise.resolve(new Response(body)) });
      const paths: unknown[] = [];
      const lost = new Promise<void>((resolve) => {
        link.onStatus(({ state }) => {
          if (state === 'lost') resolve();
        });
      });
      createClient(link).subscribe((event) => paths.push(event.type === 'project' ? event.projectPath : event));
      await vi.waitFor(() => expect(paths).toEqual(['/a', '/b']), { interval: 1 });
      end();
      await lost;
      link.close();
      expect(paths).toEqual(['/a', '/b', '/half']);
    }
  });

  it('asks once for a token instead of failing every call, and goes on with the right one', async () => {
    const calls: (string | undefined)[] = [];
    const server = await startServer((request, response, body) => {
      if (request.headers.authorization !== 'Bearer secret') return refuse(request, response, body);
      calls.push(request.url);
      response.end(encodeEnvelope({ type: 'reply', id: 1, ok: true, value: [] }));
      return undefined;
    });
    const { link, statuses } = startLink(server.url, '');
    const asked = createClient(link).listJobs();
    await vi.waitFor(() => expect(statuses.at(-1)).toEqual({ state: 'refused', isTokenWrong: false }));
    link.useToken('wrong');
    await vi.waitFor(() => expect(statuses.at(-1)).toEqual({ state: 'refused', isTokenWrong: true }));
    expect(calls).toEqual([]);
    link.useToken('secret');
    expect(await asked).toEqual([]);
    expect(statuses.at(-1)?.state).toBe('online');
    expect(calls).toEqual(['/api/call']);
    expect(link.token()).toBe('secret');
  });

  it('does not try again where it is refused', async () => {
    const server = await startServer(refuse);
    const { statuses } = startLink(server.url, 'wrong');
    await vi.waitFor(() => expect(statuses.map((status) => status.state)).toEqual(['connecting', 'refused']));
  });
});
