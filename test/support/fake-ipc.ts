import type { IpcReceiver, SenderFrame } from '../../src-main/transport/ipc-endpoint';
import type { ReplyMessage } from '../../src-shared/contract/wire';

type Listener = Parameters<IpcReceiver['handle']>[1];

/** Electron's IPC in one process: calls and events are structured clones, as they are between its processes. */
export class FakeIpc {
  private readonly handlers = new Map<string, Listener>();
  private readonly listeners = new Map<string, Set<(message: ReplyMessage) => void>>();

  readonly receiver: IpcReceiver = {
    handle: (channel, listener) => void this.handlers.set(channel, listener),
    removeHandler: (channel) => void this.handlers.delete(channel),
  };

  /** ipcRenderer.invoke, from the given frame. */
  async invoke(channel: string, message: unknown, senderFrame: SenderFrame | null): Promise<ReplyMessage> {
    const handler = this.handlers.get(channel);
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
    return structuredClone(await handler({ senderFrame }, structuredClone(message)));
  }

  /** webContents.send */
  readonly send = (channel: string, message: ReplyMessage): void => {
    for (const listener of this.listeners.get(channel) ?? []) listener(structuredClone(message));
  };

  /** ipcRenderer.on; @returns ipcRenderer.off */
  on(channel: string, listener: (message: ReplyMessage) => void): () => void {
    const listeners = this.listeners.get(channel) ?? new Set();
    this.listeners.set(channel, listeners.add(listener));
    return () => void listeners.delete(listener);
  }
}
