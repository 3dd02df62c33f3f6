import { API_METHODS, type WorkbenchApi, type WorkbenchEvent } from '../../src-shared/contract/api';
import type { ApiMethod } from '../../src-shared/contract/requests';
import { WorkbenchError } from '../../src-shared/base/errors';
import { fromWireError } from '../../src-shared/contract/errors';
import type { ClientLink, ReplyMessage } from '../../src-shared/contract/wire';

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The API on the other side of a link. Calls that are open when the link closes are rejected. */
export function createClient(link: ClientLink): WorkbenchApi {
  const pending = new Map<number, PendingCall>();
  const listeners = new Set<(event: WorkbenchEvent) => void>();
  let nextId = 1;
  let isClosed = false;

  link.onMessage((message: ReplyMessage) => {
    if (message.type === 'event') {
      for (const listener of listeners) listener(message.event);
      return;
    }
    const call = pending.get(message.id);
    pending.delete(message.id);
    if (message.ok) call?.resolve(message.value);
    else call?.reject(fromWireError(message.error));
  });
  link.onClose(() => {
    isClosed = true;
    for (const call of pending.values()) call.reject(closedError());
    pending.clear();
  });

  const call = (method: ApiMethod, request: unknown): Promise<unknown> => {
    if (isClosed) return Promise.reject(closedError());
    const id = nextId++;
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject });
      link.send({ type: 'call', id, method, request });
    });
  };
  const methods = Object.fromEntries(
    API_METHODS.map((method) => [method, (request?: unknown) => call(method, request ?? {})]),
  );
  const subscribe: WorkbenchApi['subscribe'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { ...(methods as unknown as Omit<WorkbenchApi, 'subscribe'>), subscribe };
}

function closedError(): WorkbenchError {
  return new WorkbenchError('internal', 'The connection to the application was closed', {
    hint: 'Open the window again; running jobs go on.',
  });
}
