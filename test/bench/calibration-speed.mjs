// Images per second of `calib calibrate` (all methods in one pass) beside ONNX Runtime's own Entropy and MinMax
// calibration, in turns on this machine. Needs python3 (or the one that PYTHON names) with onnxruntime, onnx and
// Pillow, and the shared test data. Usage: node test/bench/calibration-speed.mjs [IMAGES=64] [ROUNDS=3]. Prints one
// JSON document.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, spread } from './statistics.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const images = Number(process.argv[2] ?? 64);
const rounds = Number(process.argv[3] ?? 3);

const CASES = [
  {
    model: 'yolox_nano',
    folder: 'data/coco_classes/validation',
    flags: ['--letterbox', '416x416', '--mean', '0.485,0.456,0.406', '--std', '0.229,0.224,0.225', '--scale', '1/255'],
    spec: {
      width: 416,
      height: 416,
      mode: 'letterbox',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      scale: 1 / 255,
      order: 'rgb',
    },
  },
  {
    model: 'mobilenet_v1_075_bn',
    folder: 'data/imagenet/calibration',
    flags: ['--crop', '224', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
    spec: { width: 224, height: 224, mode: 'crop', mean: [127.5], std: [127.5], scale: 1, order: 'rgb' },
  },
];

function command(program, args) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

const calib = (...args) => JSON.parse(command(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json']));

const work = mkdtempSync(join(tmpdir(), 'calib-bench-'));
try {
  const results = CASES.map(({ model, folder, flags, spec }) => {
    const modelPath = join(shared, 'models', `${model}.onnx`);
    const files = readdirSync(join(shared, folder))
      .filter((name) => /\.jpe?g$/.test(name))
      .sort();
    const list = join(work, `${model}.txt`);
    const paths = Array.from({ length: images }, (_, i) => join(shared, folder, files[i % files.length]));
    writeFileSync(list, [...new Set(paths)].join('\n'));
    const project = join(work, `${model}.calib`);
    calib('init', modelPath, '--calibration', list, ...flags, '-o', project);
    const rates = { calib: [], ortEntropy: [], ortMinMax: [] };
    const peaks = { calib: [], ortEntropy: [], ortMinMax: [] };
    const note = (name, run) => {
      rates[name].push(run.imagesPerSecond);
      peaks[name].push(run.peakRssMb);
      return run;
    };
    let tensors = 0;
    for (let round = 0; round < rounds; round++) {
      tensors = note('calib', calib('calibrate', project, '--fresh')).tensors;
      for (const [name, method] of [
        ['ortEntropy', 'Entropy'],
        ['ortMinMax', 'MinMax'],
      ]) {
        note(
          name,
          JSON.parse(
            command(process.env.PYTHON ?? 'python3', [
              join(root, 'test/bench/ort_calibration.py'),
              modelPath,
              list,
              method,
              JSON.stringify(spec),
            ])
              .trim()
              .split('\n')
              .at(-1),
          ),
        );
      }
    }
    return {
      model,
      images: new Set(paths).size,
      tensors,
      imagesPerSecond: Object.fromEntries(Object.entries(rates).map(([name, list_]) => [name, median(list_)])),
      peakRssMb: Object.fromEntries(Object.entries(peaks).map(([name, list_]) => [name, Math.max(...list_)])),
      timesOrtEntropy: spread(rates.calib.map((rate, i) => rate / rates.ortEntropy[i])),
      timesOrtMinMax: spread(rates.calib.map((rate, i) => rate / rates.ortMinMax[i])),
    };
  });
  console.log(JSON.stringify({ machine: cpus()[0]?.model, cores: cpus().length, rounds, results }, null, 1));
} finally {
  rmSync(work, { recursive: true, force: true });
}
