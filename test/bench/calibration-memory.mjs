// Peak resident memory and time per image of `calib calibrate` with 100 and with 400 images, each in a fresh process.
// The time of START images is taken off as the start-up. Runs of both sizes alternate; the median round counts.
// Usage: node test/bench/calibration-memory.mjs [MODEL=mobilenet_v1_075_bn] [ROUNDS=3]. Prints one JSON document.
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
const rounds = Number(process.argv[3] ?? 3);
const START = 4;
const SIZES = [100, 400];
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

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
  const measured = Array.from({ length: rounds }, () => {
    const [start, ...runs] = [START, ...SIZES].map((limit) =>
      calib('calibrate', project, '--fresh', '--limit', String(limit)),
    );
    return runs.map(({ images, seconds, peakRssMb }) => ({
      msPerImage: (1000 * (seconds - start.seconds)) / (images - start.images),
      peakRssMb,
    }));
  });
  const of = (size, field) => median(measured.map((round) => round[size][field]));
  const bySize = Object.fromEntries(
    SIZES.map((images, size) => [images, { msPerImage: of(size, 'msPerImage'), peakRssMb: of(size, 'peakRssMb') }]),
  );
  const ratioOf = (field) => median(measured.map(([few, many]) => many[field] / few[field]));
  const result = { model, rounds, bySize, timeRatio: ratioOf('msPerImage'), memoryRatio: ratioOf('peakRssMb') };
  console.log(JSON.stringify(result, null, 1));
} finally {
  rmSync(work, { recursive: true, force: true });
}
