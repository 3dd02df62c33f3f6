import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type ElectronBinary =
  | { readonly available: true; readonly path: string }
  | { readonly available: false; readonly reason: string };

export interface ElectronPlaces {
  /** Folder of the installed electron package; null if it is not installed. */
  readonly packageDir: string | null;
  /** ELECTRON_OVERRIDE_DIST_PATH: a folder with another Electron. */
  readonly overrideDir: string | undefined;
  readonly platform: NodeJS.Platform;
}

/** The path of Electron's binary. The package is not imported, because this would start a download. */
export function findElectron(places: ElectronPlaces): ElectronBinary {
  const { packageDir, overrideDir, platform } = places;
  if (overrideDir !== undefined && overrideDir !== '') {
    return existing(
      join(overrideDir, binaryName(packageDir, platform)),
      `ELECTRON_OVERRIDE_DIST_PATH names ${overrideDir}, which holds no Electron`,
    );
  }
  if (packageDir === null) return { available: false, reason: 'Electron is not installed' };
  return existing(
    join(packageDir, 'dist', binaryName(packageDir, platform)),
    "Electron's binary is not installed (npx install-electron --no fetches it)",
  );
}

function existing(path: string, reason: string): ElectronBinary {
  return existsSync(path) ? { available: true, path } : { available: false, reason };
}

/** The name that the package's installer has recorded, or the usual name if there is no record. */
function binaryName(packageDir: string | null, platform: NodeJS.Platform): string {
  const record = packageDir === null ? '' : join(packageDir, 'path.txt');
  if (packageDir !== null && existsSync(record)) return readFileSync(record, 'utf8').trim();
  switch (platform) {
    case 'darwin':
      return 'Electron.app/Contents/MacOS/Electron';
    case 'win32':
      return 'electron.exe';
    default:
      return 'electron';
  }
}

export function electronPlaces(): ElectronPlaces {
  return {
    packageDir: installedPackage(),
    overrideDir: process.env['ELECTRON_OVERRIDE_DIST_PATH'],
    platform: process.platform,
  };
}

function installedPackage(): string | null {
  try {
    return dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  } catch {
    return null;
  }
}

/** Whether a display is available for a window; only on Linux it may be missing. */
export function displayMissing(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string | null {
  const hasDisplay = platform !== 'linux' || Boolean(env['DISPLAY']) || Boolean(env['WAYLAND_DISPLAY']);
  return hasDisplay ? null : 'This machine has no display';
}
