// `npm run sample`: the whole job on the plate reader, from a model and image folders to the table and the report.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const sample = dirname(fileURLToPath(import.meta.url));
const root = resolve(sample, '../..');
const calibPath = join(root, 'out/main/calib.js');
const project = relative(process.cwd(), join(root, 'build/plate_chars.calib')) || '.';

function calib(...args) {
  console.error(`\n$ calib ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, [calibPath, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const fromHere = (name) => relative(process.cwd(), join(sample, name));

rmSync(project, { recursive: true, force: true });
calib(
  'init',
  fromHere('plate_chars.onnx'),
  '--calibration',
  fromHere('calibration'),
  '--validation',
  fromHere('validation'),
  '-o',
  project,
);
// Entropy, TensorRT's default, costs the night dearly here, as the row int8-entropy shows: the plan to ship takes
// minmax, asked for by name, and keeps two layers in FP16.
calib(
  'set',
  project,
  '--method',
  'minmax',
  '--preset',
  'first-and-head-fp16',
  '--gate',
  'maxTop1Drop=0.5',
  '--gate',
  'maxWorstGroupDrop=1',
);
calib('run', project);
