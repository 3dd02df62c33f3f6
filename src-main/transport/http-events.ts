import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import type { ReplyMessage } from '../../src-shared/contract/wire';

const HEARTBEAT_MS = 15_000;
/** Proposed waiting time of the browser before it reconnects. */
const RETRY_MS = 1_000;
/** A reader with more unread data than this is disconnected. It reconnects and requests the current state. */
const MAX_BACKLOG_BYTES = 8e6;

/**
 * Sends the events of the application as server-sent events, with a comment as heartbeat, until either side closes the
 * connection.
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
