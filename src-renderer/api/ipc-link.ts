import type { DesktopBridge } from '../../src-shared/contract/desktop-bridge';
import { toWireError } from '../../src-shared/contract/errors';
import type { ClientLink, ReplyMessage } from '../../src-shared/contract/wire';

/**
 * Sends calls and receives events through the functions of the preload script. The link lives as long as the window.
 */
export function createIpcLink(bridge: Pick<DesktopBridge<File>, 'call' | 'onEvent'>): ClientLink {
  const listeners: ((message: ReplyMessage) => void)[] = [];
  const deliver = (message: ReplyMessage): void => {
    for (const listener of listeners) listener(message);
  };
  bridge.onEvent(deliver);
  return {
    send: ({ id, method, request }) => {
      bridge.call(method, request).then(
        (reply) => deliver(reply.type === 'reply' ? { ...reply, id } : reply),
        (error: unknown) => deliver({ type: 'reply', id, ok: false, error: toWireError(error) }),
      );
    },
    onMessage: (listener) => void listeners.push(listener),
    onClose: () => undefined,
  };
}
