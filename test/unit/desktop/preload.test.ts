import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DesktopBridge } from '../../../src-shared/contract/desktop-bridge';
import type { ReplyMessage } from '../../../src-shared/contract/wire';

describe('preload script', () => {
  let exposed: Map<string, unknown>;
  let invoked: unknown[][];
  let reply: ReplyMessage;
  let ipcRenderer: EventEmitter;

  const bridge = async (): Promise<DesktopBridge<{ readonly path: string }>> => {
    await import('../../../src-main/preload/preload');
    return exposed.get('calib') as DesktopBridge<{ readonly path: string }>;
  };

  beforeEach(() => {
    vi.resetModules();
    exposed = new Map();
    invoked = [];
    reply = { type: 'reply', id: 0, ok: true, value: null };
    ipcRenderer = Object.assign(new EventEmitter(), {
      invoke: async (...message: readonly unknown[]) => {
        invoked.push([...message]);
        return reply;
      },
    });
    vi.doMock('electron', () => ({
      contextBridge: { exposeInMainWorld: (name: string, value: unknown) => exposed.set(name, value) },
      ipcRenderer,
      webUtils: { getPathForFile: ({ path }: { readonly path: string }) => path },
    }));
  });

  it('puts one object with four functions on the page', async () => {
    expect(Object.keys(await bridge()).sort()).toEqual(['call', 'choose', 'onEvent', 'pathsOf']);
    expect([...exposed.keys()]).toEqual(['calib']);
  });

  it('carries calls, but not under the names of its own ones', async () => {
    const { call } = await bridge();
    expect(await call('listJobs', {})).toBe(reply);
    expect(invoked).toEqual([['calib:call', { method: 'listJobs', request: {} }]]);
    await expect(call('$grant', { paths: ['/etc'] })).rejects.toThrow('no such method');
    await expect(call({ startsWith: () => false } as unknown as string, {})).rejects.toThrow('no such method');
    expect(invoked).toHaveLength(1);
  });

  it('grants the real paths of dropped files, and none for files that the page made', async () => {
    reply = { type: 'reply', id: 0, ok: true, value: ['/a.onnx'] };
    expect(await (await bridge()).pathsOf([{ path: '/a.onnx' }, { path: '' }])).toEqual(['/a.onnx']);
    expect(invoked).toEqual([['calib:call', { method: '$grant', request: { paths: ['/a.onnx'] } }]]);
  });

  it('asks for a dialog, and says what failed', async () => {
    const { choose } = await bridge();
    expect(await choose('model')).toBeNull();
    reply = { type: 'reply', id: 0, ok: false, error: { code: 'usage', message: 'no dialog' } };
    await expect(choose('folder')).rejects.toThrow('no dialog');
  });

  it('hands out events without the objects they came with, until the page has heard enough', async () => {
    const seen: unknown[][] = [];
    const stop = (await bridge()).onEvent((...received) => void seen.push(received));
    const message: ReplyMessage = { type: 'event', event: { type: 'project', projectPath: '/p' } };
    ipcRenderer.emit('calib:event', { sender: 'electron' }, message);
    stop();
    ipcRenderer.emit('calib:event', {}, message);
    expect(seen).toEqual([[message]]);
  });
});
