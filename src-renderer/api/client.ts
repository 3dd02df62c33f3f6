import { API_METHODS, type WorkbenchApi, type WorkbenchEvent } from '../../src-shared/contract/api';
import { WorkbenchError } from '../../src-shared/base/errors';
import { Requester } from '../../src-shared/contract/request-channel';
import type { ApiMethod } from '../../src-shared/contract/requests';
import type { ClientLink } from '../../src-shared/contract/wire';

/** Implements the API of the application over a link. Open calls are rejected when the link closes. */
export function createClient(link: ClientLink): WorkbenchApi {
  const listeners = new Set<(event: WorkbenchEvent) => void>();
  const requester = new Requester({
    send: ({ id, method, params }) => link.send({ type: 'call', id, method: method as ApiMethod, request: params }),
  });
  let isClosed = false;

  link.onMessage((message) => {
    if (message.type === 'event') deliver(message.event, listeners);
    else if (message.ok) requester.receive({ type: 'result', id: message.id, result: message.value });
    else requester.receive({ type: 'error', id: message.id, error: message.error });
  });
  link.onClose(() => {
    isClosed = true;
    requester.rejectAll(closedError);
  });

  const call = (method: ApiMethod, request: unknown): Promise<unknown> =>
    isClosed ? Promise.reject(closedError()) : requester.request(method, request);
  const methods = Object.fromEntries(
    API_METHODS.map((method) => [method, (request?: unknown) => call(method, request ?? {})]),
  );
  const subscribe: WorkbenchApi['subscribe'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { ...(methods as unknown as Omit<WorkbenchApi, 'subscribe'>), subscribe };
}

/** Calls every listener. If one throws, the others are still called; the error is reported as uncaught. */
function deliver(event: WorkbenchEvent, listeners: ReadonlySet<(event: WorkbenchEvent) => void>): void {
  for (const listener of listeners) {
    try {
      listener(event);
    } catch (error) {
      reportError(error);
    }
  }
}

function closedError(): WorkbenchError {
  return new WorkbenchError('internal', 'The connection to the application was closed', {
    hint: 'Open the window again; running jobs go on.',
  });
}
