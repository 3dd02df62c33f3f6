// The `prepare` script: builds the application after `npm install` in a clone and before `npm pack`. Without the
// development packages (`npm install --omit=dev`) it says what is missing instead; the install still succeeds.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

function hasBuilder() {
  try {
    createRequire(join(root, 'package.json')).resolve('electron-vite/package.json');
    return true;
  } catch {
    return false;
  }
}

if (hasBuilder()) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build:app'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
} else if (!existsSync(join(root, 'out/main/calib.js'))) {
  console.error(
    [
      'calib: the application is not built: `npm install --omit=dev` leaves out the packages that build it, and this folder holds no',
      'build yet. To build it here, run: npm install && npm run build. Or install the packed package (`npm pack` in a built clone',
      'makes it), which carries the build and needs no development packages.',
    ].join('\n'),
  );
}
