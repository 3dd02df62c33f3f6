import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CALL_CHANNEL } from '../../../src-shared/contract/desktop-bridge';
import { createFakeElectron } from '../../support/fake-electron';
import { useTempDirs } from '../../support/temp-dir';

type Fake = ReturnType<typeof createFakeElectron>;

describe('desktop application', () => {
  const tempDir = useTempDirs();
  let fake: Fake;

  const start = async (): Promise<void> => {
    vi.doMock('electron', () => fake.electron);
    const { startDesktop } = await import('../../../src-main/desktop/application');
    startDesktop();
  };
  const window = async (): Promise<Fake['windows'][number]> => {
    await expect.poll(() => fake.windows.length).toBe(1);
    return fake.windows[0] as Fake['windows'][number];
  };
  const call = (frame: unknown, method: string, request: unknown): unknown =>
    fake.handlers.get(CALL_CHANNEL)?.({ senderFrame: frame }, { method, request });

  beforeEach(() => {
    vi.resetModules();
    fake = createFakeElectron(tempDir());
  });
  afterEach(() => {
    fake.app.emit('will-quit');
    vi.doUnmock('electron');
    vi.unstubAllEnvs();
  });

  it('registers its scheme before it is ready, then opens one window on its own page', async () => {
    await start();
    const { loaded, options } = await window();
    expect(fake.order.slice(0, 2)).toEqual(['privileges', 'ready']);
    expect(loaded).toEqual(['app://workbench/']);
    expect(options).toMatchObject({
      webPreferences: {
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        preload: expect.stringMatching(/preload\.cjs$/) as string,
      },
    });
    expect([...fake.handlers.keys()]).toEqual([CALL_CHANNEL]);
    expect([...fake.schemes.keys()]).toEqual(['app']);
  });

  it('quits at once while another instance runs', async () => {
    fake.app.hasLock = false;
    await start();
    expect(fake.order).toEqual(['quit']);
  });

  it('opens no window for the page and lets it go nowhere', async () => {
    await start();
    const { webContents } = await window();
    expect(webContents.windowOpenHandler?.({ url: 'app://workbench/' })).toEqual({ action: 'deny' });
    const visit = (event: string, url: string): boolean => {
      const preventDefault = vi.fn();
      webContents.emit(event, { url, preventDefault });
      return preventDefault.mock.calls.length === 0;
    };
    expect(visit('will-navigate', 'https://evil.example/')).toBe(false);
    expect(visit('will-navigate', 'file:///etc/passwd')).toBe(false);
    expect(visit('will-redirect', 'app://other/')).toBe(false);
    expect(visit('will-attach-webview', '')).toBe(false);
    expect(visit('will-navigate', 'app://workbench/index.html')).toBe(true);
  });

  it('grants no permission but copying', async () => {
    await start();
    await window();
    const answer = vi.fn();
    for (const permission of ['media', 'geolocation', 'clipboard-read', 'openExternal', 'clipboard-sanitized-write'])
      fake.permissions.request?.(null, permission, answer);
    expect(answer.mock.calls.flat()).toEqual([false, false, false, false, true]);
    expect(fake.permissions.check?.(null, 'media')).toBe(false);
  });

  it('answers its own page only', async () => {
    await start();
    await window();
    const own = { url: 'app://workbench/index.html#/data', parent: null };
    expect(await call(own, 'listJobs', {})).toMatchObject({ ok: true, value: [] });
    for (const frame of [
      null,
      { url: 'https://evil.example/', parent: null },
      { url: 'app://workbench/', parent: {} },
      { url: 'app://evil/', parent: null },
    ]) {
      expect(await call(frame, 'listJobs', {})).toMatchObject({ ok: false, error: { code: 'usage' } });
    }
  });

  it('opens what was dropped, and nothing that the page names by itself', async () => {
    await start();
    await window();
    const own = { url: 'app://workbench/', parent: null };
    const modelPath = join(tempDir(), 'model.onnx');
    expect(await call(own, 'inspectModel', { modelPath })).toMatchObject({ ok: false, error: { code: 'usage' } });
    expect(await call(own, '$grant', { paths: [modelPath] })).toMatchObject({ ok: true, value: [modelPath] });
    expect(await call(own, 'inspectModel', { modelPath })).toMatchObject({ ok: false, error: { code: 'not-found' } });
    expect(await call(own, '$grant', { paths: [7] })).toMatchObject({ ok: false });
    expect(await call(own, '$dialog', { kind: 'folder' })).toMatchObject({ ok: true, value: null });
    expect(await call(own, '$dialog', { kind: 'shell' })).toMatchObject({ ok: false });
  });

  it('shows a project that a second start names in the window it has', async () => {
    await start();
    const only = await window();
    fake.app.emit('second-instance', {}, ['electron', '--flag', 'net.calib'], '/data');
    expect(only.loaded.at(-1)).toBe('app://workbench/?project=%2Fdata%2Fnet.calib');
    expect(only.focused).toBe(1);
    expect(fake.windows).toHaveLength(1);
  });

  it('quits with its last window when no job runs', async () => {
    await start();
    await window();
    fake.windows.splice(0);
    fake.app.emit('window-all-closed');
    await expect.poll(() => fake.order).toContain('quit');
  });

  it('takes the page of a build tool on this machine only, and never when installed', async () => {
    vi.stubEnv('ELECTRON_RENDERER_URL', 'http://localhost:5173');
    await start();
    expect((await window()).loaded).toEqual(['http://localhost:5173']);
    const { pageUrl } = await import('../../../src-main/desktop/page-origin');
    expect(pageUrl('http://evil.example', false)).toBe('app://workbench/');
    expect(pageUrl('http://localhost:5173', true)).toBe('app://workbench/');
  });
});
