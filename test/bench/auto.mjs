// Method auto and the search beside every single method, simulated for the TensorRT target on complete validation sets:
// top-1 overall and of the groups, and the output error over every second calibration image (a quarter of them or less
// chose the descent). Usage: node test/bench/auto.mjs [CASE...]. Needs the shared data, and Python with onnx for the
// planted plates. Prints JSON.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const CIFAR = {
  data: 'cifar10',
  flags: ['--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255'],
  within: 0.7,
};
const IMAGENET = { data: 'imagenet', within: 0.7 };
const PLATES = { data: 'plates', flags: [] };
const CASES = {
  plate_chars: { ...PLATES, search: ['--max-drop', '0.3', '--worst-group-drop', '1', '--max-layers', '3'] },
  'plate_chars planted at f.8': { ...PLATES, model: 'plate_chars', plant: '/f/f.8/pre/pre.5/Relu_output_0' },
  'plate_chars planted at f.5': { ...PLATES, model: 'plate_chars', plant: '/f/f.5/pre/pre.5/Relu_output_0' },
  planted_outlier: {
    ...CIFAR,
    within: null,
    search: ['--max-drop', '0.5', '--worst-group-drop', '1', '--max-layers', '1'],
  },
  cifar_resnet20: CIFAR,
  cifar_mobilenetv2: CIFAR,
  cifar_vit: CIFAR,
  squeezenet_v11: {
    ...IMAGENET,
    flags: ['--crop', '227', '--order', 'bgr', '--mean', '104,117,123', '--std', '1', '--scale', '1'],
  },
  mobilenet_v1_075_bn: {
    ...IMAGENET,
    flags: ['--crop', '224', '--order', 'rgb', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
  },
};
const METHODS = ['minmax', 'entropy', 'percentile', 'mse'];
const PLANTED_CHANNEL = ['200', '3'];

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  // 3: the search found no plan within its limits, which is an answer.
  if (result.status !== 0 && result.status !== 3) throw new Error(result.stderr);
  return result.stdout;
}
const calib = (...args) => JSON.parse(run(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json']));
const round = (value) => (value === undefined || value === null ? null : Number(value.toFixed(2)));
const summary = ({ variant, top1, groups }) => ({
  variant,
  top1: round(top1),
  groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, round(group.top1)])),
});

function measure(name, work) {
  const { data, flags, model = name, plant, search } = CASES[name];
  let path = join(shared, 'models', `${model}.onnx`);
  if (plant) {
    const planted = join(work, `${name.replaceAll(' ', '-')}.onnx`);
    run('python3', [join(root, 'test/support/plant_outlier.py'), path, planted, plant, ...PLANTED_CHANNEL]);
    path = planted;
  }
  const project = join(work, `${name.replaceAll(' ', '-')}.calib`);
  const folder = (set) => join(shared, 'data', data, set);
  calib(
    'init',
    path,
    '--calibration',
    folder('calibration'),
    '--validation',
    folder('validation'),
    ...flags,
    '-o',
    project,
  );
  calib('set', project, '--target', 'tensorrt');
  calib('calibrate', project);
  const auto = calib('auto', project);
  const variants = calib(
    'validate',
    project,
    '--variants',
    ['fp32', ...METHODS.map((method) => `int8-${method}`), 'int8-auto'].join(','),
  ).variants.map(summary);
  const found = search ? calib('search', project, ...search) : null;
  return {
    model: name,
    auto: {
      verdict: auto.verdict,
      bestSingle: auto.bestSingle,
      seconds: round(auto.seconds),
      passes: auto.passes,
      summary: auto.summary,
    },
    variants,
    ...(found
      ? {
          search: {
            method: found.method,
            chosen: found.chosen && {
              layers: found.chosen.fp16Layers,
              top1: round(found.chosen.top1),
              groups: found.chosen.quality.groupTop1,
            },
            seconds: round(found.seconds),
            plans: found.plans.map(({ fp16Layers, quality }) => ({
              layers: fp16Layers.length,
              top1: round(quality.top1),
              groups: quality.groupTop1,
            })),
          },
        }
      : {}),
    unseen: unseenErrors(project, folder('calibration'), work),
  };
}

/** Output error of every method and of auto over every second calibration image. */
function unseenErrors(project, calibration, work) {
  const files = readdirSync(calibration, { recursive: true })
    .filter((file) => /\.(jpe?g|png)$/i.test(file))
    .sort();
  const list = join(work, 'unseen.txt');
  writeFileSync(
    list,
    files
      .filter((_, i) => i % 2 === 1)
      .map((file) => join(calibration, file))
      .join('\n'),
  );
  calib('set', project, '--validation', list);
  const { variants, images } = calib(
    'validate',
    project,
    '--variants',
    ['fp32', ...METHODS.map((method) => `int8-${method}`), 'int8-auto'].join(','),
  );
  const error = (variant) => 10 ** (-variants.find((item) => item.variant === variant).outputSqnrDb / 10);
  const best = Math.min(...METHODS.map((method) => error(`int8-${method}`)));
  return {
    images,
    bestSingle: Number(best.toPrecision(3)),
    auto: Number(error('int8-auto').toPrecision(3)),
    ratio: round(error('int8-auto') / best),
  };
}

const names = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'calib-auto-'));
try {
  console.log(
    JSON.stringify(
      (names.length > 0 ? names : Object.keys(CASES)).map((name) => measure(name, work)),
      null,
      1,
    ),
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
