import type { Link } from '../../src-shared/contract/wire';

/** The part of a process (this one or a child) that a link needs. */
interface MessagingProcess {
  send?(message: unknown, callback?: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

/** A link over the channel of a forked process (serialization 'advanced'). It works on both sides of the channel. */
export function processLink<Out, In>(peer: MessagingProcess): Link<Out, In> {
  return {
    // If sending fails, the other side has ended, and onClose reports this.
    send: (message) => void peer.send?.(message, () => undefined),
    onMessage: (listener) => void peer.on('message', (message) => listener(message as In)),
    onClose: (listener) => void peer.on('disconnect', listener),
  };
}
