import { join } from 'node:path';
import { _electron } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { displayMissing, electronPlaces, findElectron } from '../../src-main/cli/electron-binary';
import { REPO_ROOT } from '../support/shared';
import { useTempDirs } from '../support/temp-dir';

const electron = findElectron(electronPlaces());
const obstacle = electron.available ? displayMissing(process.platform, process.env) : electron.reason;

/** The real window; where it cannot be had the name of the skipped test says why. */
describe('desktop window', () => {
  const tempDir = useTempDirs();

  it.skipIf(obstacle !== null)(`opens the sample${obstacle === null ? '' : ` (skipped: ${obstacle})`}`, async () => {
    if (!electron.available) throw new Error(electron.reason);
    const isRoot = process.getuid?.() === 0;
    const application = await _electron.launch({
      executablePath: electron.path,
      // Chromium refuses its sandbox to the superuser; the renderer's isolation is checked below either way.
      args: [
        ...(isRoot ? ['--no-sandbox'] : []),
        `--user-data-dir=${tempDir()}`,
        join(REPO_ROOT, 'out/main/desktop.js'),
      ],
      env: { ...(process.env as Record<string, string>), CALIB_HOME: tempDir() },
    });
    try {
      const page = await application.firstWindow();
      expect(page.url()).toMatch(/^app:\/\/workbench\//);
      expect(await page.title()).toContain('Calibration Workbench');
      expect(await page.evaluate('[typeof require, typeof process, Object.keys(window.calib).sort().join()]')).toEqual([
        'undefined',
        'undefined',
        'call,choose,onEvent,pathsOf',
      ]);
      const sample = await page.evaluate<{ readonly ok: boolean; readonly value: { readonly path: string } }>(
        "window.calib.call('openSample', {})",
      );
      expect(sample).toMatchObject({ ok: true });
      // Runs in the compute process, which Electron's own Node must be able to host.
      const model = await page.evaluate(
        `window.calib.call('getModel', { projectPath: ${JSON.stringify(sample.value.path)} })`,
      );
      expect(model).toMatchObject({ ok: true, value: { layers: expect.arrayContaining([]) as unknown } });
      expect(await page.evaluate("window.calib.call('inspectModel', { modelPath: '/etc/hostname' })")).toMatchObject({
        ok: false,
        error: { code: 'usage' },
      });
    } finally {
      await application.close();
    }
  });
});
