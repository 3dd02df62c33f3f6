import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import type { ReplyMessage } from '../../src-shared/contract/wire';

const HEARTBEAT_MS = 15_000;
/** Proposed to the browser for the time between lost and next connection. */
const RETRY_MS = 1_000;
/** A reader that is further behind than this is cut off; it comes back and asks for the state as it is then. */
const MAX_BACKLOG_BYTES = 8e6;

/**
 * The events of the application as a stream of server-sent events, with a comment as heartbeat, until either side ends
 * it.
 */
export function handleEvents(api: WorkbenchApi, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  response.write(`retry: ${RETRY_MS}\n: connected\n\n`);
  const send = (message: ReplyMessage): void => {
    if (response.writableLength > MAX_BACKLOG_BYTES) response.destroy();
    else response.write(`data: ${JSON.stringify(message)}\n\n`);
  };
  const unsubscribe = api.subscribe((event) => send({ type: 'event', event }));
  const heartbeat = setInterval(() => response.write(': alive\n\n'), HEARTBEAT_MS);
  const end = (): void => {
    unsubscribe();
    clearInterval(heartbeat);
  };
  response.on('close', end);
  request.on('error', end);
}
