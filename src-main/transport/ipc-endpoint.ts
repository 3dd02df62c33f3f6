import type { WorkbenchApi } from '../../src-shared/contract/api';
import { ownValue } from '../../src-shared/base/records';
import { WorkbenchError } from '../../src-shared/base/errors';
import { CALL_CHANNEL, EVENT_CHANNEL } from '../../src-shared/contract/desktop-bridge';
import { toWireError } from '../../src-shared/contract/errors';
import type { ReplyMessage } from '../../src-shared/contract/wire';
import { dispatch } from './dispatch';

/** The facts about the calling frame that the check of the sender needs. */
export interface SenderFrame {
  readonly url: string;
  /** null for the top frame of a window. */
  readonly parent: unknown;
}

/** The part of Electron's ipcMain that is used. */
export interface IpcReceiver {
  handle(
    channel: string,
    listener: (event: { readonly senderFrame: SenderFrame | null }, message: unknown) => Promise<ReplyMessage>,
  ): void;
  removeHandler(channel: string): void;
}

export interface IpcEndpointOptions {
  /** The API, already confined to the paths that the page may name. */
  readonly api: WorkbenchApi;
  readonly ipc: IpcReceiver;
  readonly isTrusted: (frame: SenderFrame | null) => boolean;
  /** Sends a message to every open window. */
  readonly broadcast: (channel: string, message: ReplyMessage) => void;
  /** The calls that the preload script itself makes, by name. */
  readonly ownMethods: Readonly<Record<string, (request: unknown) => Promise<unknown>>>;
}

/** Connects the application to its pair of channels. @returns a function that disconnects it */
export function serveIpc({ api, ipc, isTrusted, broadcast, ownMethods }: IpcEndpointOptions): () => void {
  const unsubscribe = api.subscribe((event) => broadcast(EVENT_CHANNEL, { type: 'event', event }));
  ipc.handle(CALL_CHANNEL, async (event, message) => {
    if (!isTrusted(event.senderFrame)) return refused('This page may not use the application');
    if (typeof message !== 'object' || message === null) return refused('Expected a call as {method, request}');
    const method: unknown = Reflect.get(message, 'method');
    const request: unknown = Reflect.get(message, 'request');
    if (typeof method !== 'string') return refused('Expected the name of a method');
    const own = ownValue(ownMethods, method);
    return own === undefined ? dispatch(api, { id: 0, method, request }) : answerOwn(own, request);
  });
  return () => {
    unsubscribe();
    ipc.removeHandler(CALL_CHANNEL);
  };
}

async function answerOwn(own: (request: unknown) => Promise<unknown>, request: unknown): Promise<ReplyMessage> {
  try {
    return { type: 'reply', id: 0, ok: true, value: await own(request) };
  } catch (error) {
    return { type: 'reply', id: 0, ok: false, error: toWireError(error) };
  }
}

function refused(message: string): ReplyMessage {
  return { type: 'reply', id: 0, ok: false, error: toWireError(new WorkbenchError('usage', message)) };
}
