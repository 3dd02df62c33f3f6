// What equalization and bias correction do to INT8, target tensorrt simulated on ort-cpu, on the full validation sets:
// every single method without repairs, with each and with both. Usage: node test/bench/repairs.mjs [MODEL...]. Needs
// the shared test data. Prints one JSON document.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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
  planted_outlier: CIFAR,
  plate_chars: { data: 'plates', flags: [] },
  cifar_resnet20: CIFAR,
  cifar_mobilenetv2: CIFAR,
  mobilenet_v1_075_bn: {
    data: 'imagenet',
    flags: ['--crop', '224', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
  },
};
const METHODS = ['minmax', 'entropy', 'mse'];
const CALIBRATION_IMAGES = '400';

const calib = (...args) => {
  const result = spawnSync(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout);
};
const rounded = (value) => (value === undefined ? undefined : Number(value.toFixed(2)));
const nameOf = ({ equalization, biasCorrection }) =>
  [equalization && 'equalization', biasCorrection && 'biasCorrection'].filter(Boolean).join('+') || 'none';

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
    calib('calibrate', project, '--limit', CALIBRATION_IMAGES);
    const methods = METHODS.map((method) => {
      const { fp32, rows, images, equalizedLayers, notEqualized, seconds } = calib(
        'repair',
        project,
        '--variant',
        `int8-${method}`,
        '--target',
        'tensorrt',
      );
      const measured = rows.map(({ repairs, top1, worstGroup, outputSqnrDb, biasesDropped }) => ({
        repairs: nameOf(repairs),
        top1: rounded(top1),
        ...(worstGroup ? { worstGroup: { name: worstGroup.name, top1: rounded(worstGroup.top1) } } : {}),
        sqnrDb: rounded(outputSqnrDb),
        ...(biasesDropped ? { biasesDropped } : {}),
      }));
      return {
        method,
        images,
        fp32Top1: rounded(fp32.top1),
        equalizedLayers,
        notEqualized,
        rows: measured,
        seconds: rounded(seconds),
      };
    });
    return { model, methods };
  });
  console.log(JSON.stringify(results, null, 1));
} finally {
  rmSync(work, { recursive: true, force: true });
}
