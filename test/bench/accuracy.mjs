// INT8 accuracy on ort-cpu of every method on the full validation sets, beside what ONNX Runtime's own quantizer
// reaches. Usage: node test/bench/accuracy.mjs [MODEL...]. Needs the shared test data. Prints one JSON document.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const CIFAR = {
  data: 'cifar10',
  flags: ['--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255'],
};
const CASES = {
  plate_chars: { data: 'plates', flags: [] },
  cifar_resnet20: CIFAR,
  cifar_mobilenetv2: CIFAR,
  cifar_vit: CIFAR,
  planted_outlier: CIFAR,
  mobilenet_v1_075_bn: {
    data: 'imagenet',
    flags: ['--crop', '224', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
  },
  squeezenet_v11: {
    data: 'imagenet',
    flags: ['--crop', '227', '--order', 'bgr', '--mean', '104,117,123', '--scale', '1'],
  },
};
const METHODS = ['minmax', 'entropy', 'mse'];
const PERCENTILES = [99.9, 99.99, 99.999];
const reference = JSON.parse(readFileSync(join(shared, 'reference/onnxruntime.json'), 'utf8'));

const calib = (...args) => {
  const result = spawnSync(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout);
};

const work = mkdtempSync(join(tmpdir(), 'calib-bench-'));
const names = process.argv.slice(2);
try {
  const results = (names.length > 0 ? names : Object.keys(CASES)).map((model) => {
    const { data, flags } = CASES[model];
    const project = join(work, `${model}.calib`);
    const folder = (name) => join(shared, 'data', data, name);
    calib(
      'init',
      join(shared, 'models', `${model}.onnx`),
      '--calibration',
      folder('calibration'),
      '--validation',
      folder('validation'),
      ...flags,
      '-o',
      project,
    );
    calib('calibrate', project, '--limit', '400');
    const top1 = {};
    const note = (variants, activations, nameOf) => {
      for (const { variant, top1: value } of calib(
        'validate',
        project,
        '--variants',
        ['fp32', ...variants].join(','),
        '--activations',
        activations,
      ).variants) {
        top1[variant === 'fp32' ? 'fp32' : `${nameOf(variant)}-${activations}`] = Number(value.toFixed(2));
      }
    };
    for (const activations of ['int8', 'uint8']) {
      note(
        METHODS.map((method) => `int8-${method}`),
        activations,
        (variant) => variant.slice('int8-'.length),
      );
      for (const percentile of PERCENTILES) {
        calib('set', project, '--percentile', String(percentile));
        note(['int8-percentile'], activations, () => `percentile ${percentile}`);
      }
    }
    const others = Object.entries(reference[model]).filter(([key]) =>
      /^(MinMax|Entropy|Percentile)_QU?Int8$/.test(key),
    );
    const best = (entries) => Math.max(...entries);
    const ours = (suffix) =>
      best(
        Object.entries(top1)
          .filter(([key]) => key.endsWith(suffix))
          .map(([, value]) => value),
      );
    return {
      model,
      top1,
      bestInt8: ours('-int8'),
      bestUint8: ours('-uint8'),
      onnxruntimeBest: 100 * best(others.map(([, value]) => value)),
      onnxruntimeBestInt8: 100 * best(others.filter(([key]) => key.endsWith('_QInt8')).map(([, value]) => value)),
    };
  });
  console.log(JSON.stringify(results, null, 1));
} finally {
  rmSync(work, { recursive: true, force: true });
}
