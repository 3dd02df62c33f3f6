/**
 * Formats the C and C++ sources with clang-format (.clang-format); `--check` reports the files that differ and exits 1.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const files = ['native', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(c|cpp|h)$/.test(name) && !/(^|[\\/])(build|fixtures)[\\/]/.test(name))
    .map((name) => join(folder, name)),
);

const { clangFormatPath } = createRequire(import.meta.url)('clang-format-node');
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
const { status } = spawnSync(clangFormatPath, [...mode, ...files], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
