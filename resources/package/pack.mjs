// `prepack` builds what a packed tarball carries beside the files of the repository: the application, and the native
// addon as native/prebuilt/PLATFORM-ARCH/calib.node, so that machines of this kind need no compiler. `postpack`
// (`after`) removes the copy.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const prebuilt = join(root, 'native/prebuilt');

if (process.argv[2] === 'after') rmSync(prebuilt, { recursive: true, force: true });
else {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    stdio: ['ignore', process.stderr, 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  const target = join(prebuilt, `${process.platform}-${process.arch}`);
  mkdirSync(target, { recursive: true });
  cpSync(join(root, 'native/build/Release/calib.node'), join(target, 'calib.node'));
}
