// `npm run build:app`: builds the application into out/ with electron-vite. Does nothing if the sources and the built
// files are those of the last build, by content. --force builds anyway.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const SOURCES = [
  'src-main',
  'src-renderer',
  'src-shared',
  'electron.vite.config.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
].map((path) => join(root, path));
const OUTPUT = join(root, 'out');
const stamp = join(root, 'build/app.sha256');

const filesIn = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [path];

/** The sha256 of names and contents. */
function hashOf(paths) {
  const hash = createHash('sha256');
  for (const file of paths
    .filter((path) => existsSync(path))
    .flatMap(filesIn)
    .sort())
    hash.update(`${relative(root, file)}\0${createHash('sha256').update(readFileSync(file)).digest('hex')}\n`);
  return hash.digest('hex');
}

const state = () => `sources ${hashOf(SOURCES)}\noutput ${hashOf([OUTPUT])}\n`;

if (process.argv.includes('--force') || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== state()) {
  rmSync(stamp, { force: true });
  const { status } = spawnSync('electron-vite', ['build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status === 0) {
    chmodSync(join(root, 'out/main/calib.js'), 0o755);
    mkdirSync(join(root, 'build'), { recursive: true });
    writeFileSync(stamp, state());
  }
  process.exitCode = status ?? 1;
}
