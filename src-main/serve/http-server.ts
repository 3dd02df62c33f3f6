import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import { toWireError } from '../../src-shared/contract/errors';
import { WorkbenchError } from '../../src-shared/base/errors';
import { CompressedFiles, encodingFor } from '../transport/compressed-file';
import { SECURITY_HEADERS } from '../transport/content-security';
import { HttpError, sendError, sendJson } from '../transport/http-body';
import { handleCall } from '../transport/http-call';
import { bearerToken, checkHost, checkOrigin, isToken } from '../transport/http-checks';
import { handleEvents } from '../transport/http-events';
import { staticFile } from '../transport/static-files';
import type { PathGrants } from '../transport/path-grants';
import { sendDownload } from './download';
import type { Uploads } from './uploads';

export interface HttpServerOptions {
  /** The API, already confined to the paths that clients may name. */
  readonly api: WorkbenchApi;
  /** Folder of the built page. */
  readonly rendererDir: string;
  readonly token: string;
  /**
   * The accepted values of the Host header. The function is called for every request, because the port is not known
   * before the server listens.
   */
  readonly hosts: () => ReadonlySet<string>;
  readonly uploads: Uploads;
  /** What may be downloaded. */
  readonly grants: PathGrants;
}

/** Serves the page, calls, events and uploads over HTTP. Everything below /api/ needs the token. */
export function createHttpServer(options: HttpServerOptions): Server {
  const compressed = new CompressedFiles();
  const server = createServer((request, response) => {
    answer({ ...options, compressed }, request, response).catch((error: unknown) => fail(response, error));
  });
  server.headersTimeout = 10_000;
  // Bodies have their own limits: an upload may take any time as long as data arrives.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 10_000;
  return server;
}

interface PageFiles {
  readonly rendererDir: string;
  readonly compressed: CompressedFiles;
}

async function answer(
  options: HttpServerOptions & PageFiles,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  const refusal = checkHost(request.headers, options.hosts());
  if (refusal !== null) throw new HttpError(refusal.status, refusal.message);
  const address = parseAddress(request.url ?? '/');
  if (address.pathname.startsWith('/api/')) await answerApi(options, address, request, response);
  else await answerFile(options, address.pathname, request, response);
}

/**
 * The parts are concatenated, because `new URL` with a base would interpret `//name/path` as the address of another
 * server.
 */
function parseAddress(url: string): URL {
  if (!url.startsWith('/') || !URL.canParse(`http://server${url}`))
    throw new HttpError(400, 'The address cannot be read');
  return new URL(`http://server${url}`);
}

async function answerApi(
  options: HttpServerOptions,
  address: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { api, token, uploads } = options;
  const refusal = checkOrigin(request.headers);
  if (refusal !== null) throw new HttpError(refusal.status, refusal.message);
  const isEvents = address.pathname === '/api/events';
  // Browsers cannot send headers with an event stream. Only its address may therefore contain the token.
  if (!isToken(bearerToken(request.headers) ?? (isEvents ? address.searchParams.get('token') : null), token)) {
    throw new HttpError(401, 'The token is missing or not the one of this server; open the address that it printed');
  }
  switch (`${request.method ?? ''} ${address.pathname}`) {
    case 'POST /api/call':
      return handleCall(api, request, response);
    case 'GET /api/events':
      return handleEvents(api, request, response);
    case 'GET /api/download':
      return sendDownload(address.searchParams.get('path'), options.grants, response);
    case 'POST /api/upload':
      return sendJson(response, 200, await uploads.receive(request, address.searchParams));
    default:
      throw new HttpError(404, `There is nothing at ${request.method ?? ''} ${address.pathname}`);
  }
}

async function answerFile(
  { rendererDir, compressed }: PageFiles,
  pathname: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') throw new HttpError(405, 'Expected GET');
  const file = staticFile(rendererDir, pathname);
  const found = file === null ? null : await stat(file.path).catch(() => null);
  if (file === null || found?.isFile() !== true) throw new HttpError(404, 'There is no such page');
  const encoding = encodingFor(request.headers['accept-encoding'], {
    contentType: file.contentType,
    sizeBytes: found.size,
  });
  const headers = { 'Content-Type': file.contentType, 'Cache-Control': file.cacheControl, Vary: 'Accept-Encoding' };
  if (encoding !== null) {
    const content = await compressed.get(file.path, `${found.mtimeMs} ${found.size}`, encoding);
    response.writeHead(200, { ...headers, 'Content-Encoding': encoding, 'Content-Length': content.length });
    response.end(request.method === 'HEAD' ? undefined : content);
    return;
  }
  response.writeHead(200, { ...headers, 'Content-Length': found.size });
  if (request.method === 'HEAD') response.end();
  else await pipeline(createReadStream(file.path), response);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof HttpError)
    sendError(response, error.status, { code: error.status === 404 ? 'not-found' : 'usage', message: error.message });
  else sendError(response, error instanceof WorkbenchError ? 400 : 500, toWireError(error));
}
