// Peak resident memory of `calib calibrate` with 50 and with 400 images, each in a fresh process.
// Usage: node test/bench/calibration-memory.mjs [MODEL=mobilenet_v1_075_bn]. Prints one JSON document.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const FLAGS = {
  mobilenet_v1_075_bn: [
    'data/imagenet/calibration',
    '--crop',
    '224',
    '--mean',
    '127.5',
    '--std',
    '127.5',
    '--scale',
    '1',
  ],
  squeezenet_v11: [
    'data/imagenet/calibration',
    '--crop',
    '227',
    '--order',
    'bgr',
    '--mean',
    '104,117,123',
    '--scale',
    '1',
  ],
  plate_chars: ['data/plates/calibration'],
};
const model = process.argv[2] ?? 'mobilenet_v1_075_bn';
const [folder, ...flags] = FLAGS[model];

const work = mkdtempSync(join(tmpdir(), 'calib-bench-'));
const calib = (...args) => {
  const result = spawnSync(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout);
};
try {
  const project = join(work, `${model}.calib`);
  calib(
    'init',
    join(shared, 'models', `${model}.onnx`),
    '--calibration',
    join(shared, folder),
    ...flags,
    '-o',
    project,
  );
  const peaks = Object.fromEntries(
    [50, 400].map((images) => [images, calib('calibrate', project, '--fresh', '--limit', String(images)).peakRssMb]),
  );
  console.log(JSON.stringify({ model, peakRssMb: peaks, ratio: peaks[400] / peaks[50] }, null, 1));
} finally {
  rmSync(work, { recursive: true, force: true });
}
