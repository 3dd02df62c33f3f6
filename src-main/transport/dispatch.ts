import type { Unsubscribe, WorkbenchApi } from '../../src-shared/contract/api';
import { WorkbenchError } from '../../src-shared/base/errors';
import { toWireError } from '../../src-shared/contract/errors';
import { isApiMethod, parseRequest, type ApiMethod } from '../../src-shared/contract/requests';
import type { IncomingCall, ReplyMessage, ServerLink } from '../../src-shared/contract/wire';

/**
 * Executes one call of a link on an implementation of the API. The request is checked before the method gets it. The
 * promise never rejects.
 */
export async function dispatch(api: WorkbenchApi, call: IncomingCall): Promise<ReplyMessage> {
  try {
    if (!isApiMethod(call.method)) throw new WorkbenchError('usage', `There is no method "${String(call.method)}"`);
    const request = parseRequest(call.method, call.request);
    const methods = api as unknown as Readonly<Record<ApiMethod, (request: object) => Promise<unknown>>>;
    return { type: 'reply', id: call.id, ok: true, value: await methods[call.method](request) };
  } catch (error) {
    return { type: 'reply', id: call.id, ok: false, error: toWireError(error) };
  }
}

/** Serves the API over a link: answers calls and forwards events until the link closes. */
export function serveLink(api: WorkbenchApi, link: ServerLink): Unsubscribe {
  const unsubscribe = api.subscribe((event) => link.send({ type: 'event', event }));
  link.onMessage((message) => void dispatch(api, message).then((reply) => link.send(reply)));
  link.onClose(unsubscribe);
  return unsubscribe;
}
