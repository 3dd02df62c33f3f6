// Checks who imports whom (ARCHITECTURE.md, "Import directions"). Prints violations that are not on the debt list, and
// debts that are paid; exits 1 on either.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Folder -> folders that its files may import (itself always). */
const ALLOWED = {
  'src-shared/base': [],
  'src-shared/domain': ['src-shared/base'],
  'src-shared/contract': ['src-shared/base', 'src-shared/domain'],
  'src-main/base': ['src-shared'],
  'src-main/onnx': ['src-shared', 'src-main/base'],
  'src-main/backends': ['src-shared', 'src-main/base', 'src-main/onnx', 'native'],
  'src-main/calibration': ['src-shared', 'src-main/base', 'src-main/onnx', 'src-main/backends', 'native'],
  'src-main/quantization': ['src-shared', 'src-main/base', 'src-main/onnx'],
  'src-main/analysis': ['src-shared', 'src-main/base', 'src-main/onnx', 'src-main/backends'],
  'src-main/runs': ['src-shared', 'src-main/base', 'src-main/onnx'],
  'src-main/compute': [
    'src-shared',
    'src-main/base',
    'src-main/onnx',
    'src-main/backends',
    'src-main/calibration',
    'src-main/quantization',
    'src-main/analysis',
    'native',
  ],
  'src-main/app': [
    'src-shared',
    'src-main/base',
    'src-main/onnx',
    'src-main/backends',
    'src-main/calibration',
    'src-main/quantization',
    'src-main/analysis',
    'src-main/runs',
    'src-main/compute',
  ],
  'src-main/transport': ['src-shared', 'src-main/base'],
  'src-main/cli': ['src-shared', 'src-main/base', 'src-main/app', 'src-main/calibration'],
  'src-main/serve': ['src-shared', 'src-main/base', 'src-main/app', 'src-main/transport'],
  'src-main/desktop': ['src-shared', 'src-main/base', 'src-main/app', 'src-main/transport'],
  'src-main/preload': ['src-shared'],
  'src-renderer': ['src-shared'],
};

/** The only folders that may import 'electron'. */
const ELECTRON_FOLDERS = ['src-main/desktop', 'src-main/preload'];

/** Violations that are known and wait to be mended: `importing file -> imported file`. It may only shrink. */
const DEBT = new Set([
  // `calib serve` and `calib start` are commands that start another shell.
  'src-main/cli/commands/serve.ts -> src-main/serve/serve',
  'src-main/cli/commands/start.ts -> src-main/serve/serve',
]);

function sources(dir) {
  return readdirSync(join(root, dir), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

function folderOf(file) {
  return Object.keys(ALLOWED).find((folder) => file.startsWith(`${folder}/`)) ?? file.split('/')[0];
}

const found = new Set();
for (const file of ['src-shared', 'src-main', 'src-renderer'].flatMap(sources)) {
  const own = folderOf(file);
  const allowed = ALLOWED[own];
  for (const [, specifier] of readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (!specifier.startsWith('.')) {
      if (specifier === 'electron' && !ELECTRON_FOLDERS.includes(own)) found.add(`${file} -> electron`);
      if (own.startsWith('src-shared') && specifier.startsWith('node:')) found.add(`${file} -> ${specifier}`);
      continue;
    }
    const target = relative(root, resolve(root, dirname(file), specifier)).replaceAll('\\', '/');
    const folder = folderOf(target);
    if (folder === own || allowed?.some((name) => target.startsWith(`${name}/`))) continue;
    found.add(`${file} -> ${target}`);
  }
}

const fresh = [...found].filter((violation) => !DEBT.has(violation)).sort();
const paid = [...DEBT].filter((violation) => !found.has(violation)).sort();
for (const violation of fresh) console.error(`forbidden import: ${violation}`);
for (const violation of paid) console.error(`no longer there, take it off the debt list: ${violation}`);
if (fresh.length === 0 && paid.length === 0)
  console.log(`imports keep their directions (${DEBT.size} on the debt list)`);
process.exitCode = fresh.length + paid.length > 0 ? 1 : 0;
