// `npm run test:package`: packs the package, installs the tarball into an empty folder as a stranger would, and runs
// the command line from there. Needs the package registry.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'calib-package-'));
const shell = process.platform === 'win32';

function run(command, args, cwd) {
  console.error(`$ ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], shell });
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status}`);
}

try {
  run('npm', ['pack', '--silent', '--pack-destination', folder], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{}');
  run('npm', ['install', '--no-audit', '--no-fund', '--omit=dev', `./${tarball}`], folder);
  const sample = join(folder, 'node_modules/@calibration-workbench/calib/resources/sample');
  const calib = (...args) => run('npx', ['--no', 'calib', ...args], folder);
  calib('doctor');
  calib('inspect', join(sample, 'plate_chars.onnx'));
  calib('init', join(sample, 'plate_chars.onnx'), '--calibration', join(sample, 'calibration'), '-o', 'plate.calib');
  calib('calibrate', 'plate.calib');
  calib('quantize', 'plate.calib', '--target', 'onnxruntime', '-o', 'plate.int8.onnx');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
