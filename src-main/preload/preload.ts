import { contextBridge, ipcRenderer, webUtils } from 'electron';
import {
  CALL_CHANNEL,
  DIALOG_METHOD,
  EVENT_CHANNEL,
  GRANT_METHOD,
  type DesktopBridge,
} from '../../src-shared/contract/desktop-bridge';
import type { ReplyMessage } from '../../src-shared/contract/wire';

type DroppedFile = Parameters<typeof webUtils.getPathForFile>[0];

const invoke = (method: string, request: unknown): Promise<ReplyMessage> =>
  ipcRenderer.invoke(CALL_CHANNEL, { method, request }) as Promise<ReplyMessage>;

/** The value of a call of our own; an error crosses to the page as a plain Error with its message. */
async function ask(method: string, request: unknown): Promise<unknown> {
  const reply = await invoke(method, request);
  if (reply.type !== 'reply') return null;
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.value;
}

const bridge: DesktopBridge<DroppedFile> = {
  // The names of the preload's own calls are not for the page: they would let it grant itself any path.
  call: (method, request) =>
    typeof method !== 'string' || method.startsWith('$')
      ? Promise.reject(new Error('There is no such method'))
      : invoke(method, request),
  onEvent: (listener) => {
    const receive = (_: unknown, message: ReplyMessage): void => listener(message);
    ipcRenderer.on(EVENT_CHANNEL, receive);
    return () => void ipcRenderer.off(EVENT_CHANNEL, receive);
  },
  pathsOf: async (files) => {
    // A file that the page itself made has no path.
    const paths = files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== '');
    return (await ask(GRANT_METHOD, { paths })) as readonly string[];
  },
  choose: async (kind) => (await ask(DIALOG_METHOD, { kind })) as string | null,
};

contextBridge.exposeInMainWorld('calib', bridge);
