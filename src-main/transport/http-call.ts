import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import { encodeEnvelope, ENVELOPE_TYPE } from '../../src-shared/contract/binary';
import { toWireError } from '../../src-shared/contract/errors';
import type { IncomingCall, ReplyMessage } from '../../src-shared/contract/wire';
import { dispatch } from './dispatch';
import { HttpError, readBody } from './http-body';

const CALL_LIMITS = { bytes: 1_000_000, timeoutMs: 15_000 };

/**
 * Answers a POST with {method, request} as JSON. The response is the envelope of a ReplyMessage, with status 200 even
 * for errors of the application. It contains the `id` of the call, if there is one.
 */
export async function handleCall(api: WorkbenchApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Only our own page can send this content type. Pages of other sites would need a preflight request, which is never
  // answered.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new HttpError(415, 'Expected a call as application/json');
  const call = parseCall(await readBody(request, CALL_LIMITS));
  const reply = await dispatch(api, call);
  const body = encodeReply(reply);
  response.writeHead(200, {
    'Content-Type': ENVELOPE_TYPE,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  });
  response.end(body);
}

function parseCall(body: Buffer): IncomingCall {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new HttpError(400, 'Expected a call as JSON');
  }
  if (typeof value !== 'object' || value === null) throw new HttpError(400, 'Expected a call as a JSON object');
  const id: unknown = Reflect.get(value, 'id');
  const method: unknown = Reflect.get(value, 'method');
  const request: unknown = Reflect.get(value, 'request');
  return { id: typeof id === 'number' ? id : 0, method, request };
}

function encodeReply(reply: ReplyMessage): Uint8Array {
  try {
    return encodeEnvelope(reply);
  } catch (error) {
    return encodeEnvelope({
      type: 'reply',
      id: reply.type === 'reply' ? reply.id : 0,
      ok: false,
      error: toWireError(error),
    });
  }
}
