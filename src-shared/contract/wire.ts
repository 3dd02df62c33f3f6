import { checked, object, oneOf } from '../base/schema';
import type { WorkbenchEvent } from './api';
import type { ApiMethod } from './requests';
import type { WireError } from './errors';

/** What a client sends over a link: one call. */
export interface CallMessage {
  readonly type: 'call';
  readonly id: number;
  readonly method: ApiMethod;
  readonly request: unknown;
}

/** A call as received; `dispatch` checks the method and its request. */
export interface IncomingCall {
  readonly id: number;
  readonly method: unknown;
  readonly request: unknown;
}

/** A message from the application to the client: the answer to a call, or an event. */
export type ReplyMessage =
  | { readonly type: 'reply'; readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly type: 'reply'; readonly id: number; readonly ok: false; readonly error: WireError }
  | { readonly type: 'event'; readonly event: WorkbenchEvent };

/**
 * A message of the event stream of a server. Its kind is checked; its content is not, because it comes from the server
 * that the page was loaded from.
 */
export const eventMessageSchema = object({ type: oneOf('event'), event: checked('an event', isEvent) });

function isEvent(value: unknown): value is WorkbenchEvent {
  const type: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'type') : undefined;
  return type === 'job' || type === 'project';
}

/** One side of a connection that transmits structured clones in both directions. */
export interface Link<Out, In> {
  send(message: Out): void;
  /** The listener is called for every message that arrives, in order. */
  onMessage(listener: (message: In) => void): void;
  /** The listener is called once, when the connection has ended. */
  onClose(listener: () => void): void;
}

export type ClientLink = Link<CallMessage, ReplyMessage>;
export type ServerLink = Link<ReplyMessage, IncomingCall>;
