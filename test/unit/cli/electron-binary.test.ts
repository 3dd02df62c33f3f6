import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { displayMissing, findElectron } from '../../../src-main/cli/electron-binary';
import { useTempDirs } from '../../support/temp-dir';

describe('findElectron', () => {
  const tempDir = useTempDirs();

  const install = (path: string): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, '');
  };

  it('finds the binary of the installed package, by its record or its usual name', () => {
    const packageDir = tempDir();
    install(join(packageDir, 'dist/electron'));
    expect(findElectron({ packageDir, overrideDir: undefined, platform: 'linux' })).toEqual({
      available: true,
      path: join(packageDir, 'dist/electron'),
    });
    install(join(packageDir, 'dist/own'));
    writeFileSync(join(packageDir, 'path.txt'), 'own\n');
    expect(findElectron({ packageDir, overrideDir: undefined, platform: 'linux' })).toEqual({
      available: true,
      path: join(packageDir, 'dist/own'),
    });
  });

  it('prefers a folder of one’s own, without any package', () => {
    const overrideDir = tempDir();
    install(join(overrideDir, 'Electron.app/Contents/MacOS/Electron'));
    expect(findElectron({ packageDir: null, overrideDir, platform: 'darwin' })).toMatchObject({ available: true });
    expect(findElectron({ packageDir: null, overrideDir, platform: 'linux' })).toMatchObject({
      available: false,
      reason: expect.stringContaining('ELECTRON_OVERRIDE_DIST_PATH') as string,
    });
  });

  it('says how to get a binary that is missing', () => {
    expect(findElectron({ packageDir: tempDir(), overrideDir: undefined, platform: 'linux' })).toMatchObject({
      available: false,
      reason: expect.stringContaining('npx install-electron --no') as string,
    });
    expect(findElectron({ packageDir: null, overrideDir: '', platform: 'linux' })).toEqual({
      available: false,
      reason: 'Electron is not installed',
    });
  });

  it('knows that only Linux can be without a display', () => {
    expect(displayMissing('linux', {})).toMatch(/display/);
    expect(displayMissing('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toBeNull();
    expect(displayMissing('darwin', {})).toBeNull();
  });
});
