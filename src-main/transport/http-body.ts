import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WireError } from '../../src-shared/contract/errors';

/** The error for a request that is refused before it reaches the application. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'HttpError';
  }
}

/** Reads the whole body. @throws HttpError 413 if it exceeds the limit, 408 if it does not arrive in time */
export function readBody(
  request: IncomingMessage,
  limits: { readonly bytes: number; readonly timeoutMs: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (status: number, message: string): void => {
      clearTimeout(timer);
      request.off('data', onData);
      request.resume();
      reject(new HttpError(status, message));
    };
    const tooLarge = (): void => fail(413, `Expected at most ${limits.bytes} bytes in one call`);
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.bytes) tooLarge();
      else chunks.push(chunk);
    };
    const timer = setTimeout(
      () => fail(408, `The call did not arrive within ${limits.timeoutMs / 1000} s`),
      limits.timeoutMs,
    );
    if (Number(request.headers['content-length'] ?? 0) > limits.bytes) {
      tooLarge();
      return;
    }
    request.on('data', onData);
    request.on('error', (error) => fail(400, error.message));
    request.on('close', () => clearTimeout(timer));
    request.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
  });
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  // The rest of a refused request must not be parsed as the next request.
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    ...(status >= 400 ? { Connection: 'close' } : {}),
  });
  response.end(body);
}

export function sendError(response: ServerResponse, status: number, error: WireError): void {
  sendJson(response, status, { error });
}
