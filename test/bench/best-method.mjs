// Method best beside every single method: chosen on one half of the calibration images, judged on the other half by the
// SQNR of the worst output, over all images and over each group. Usage: node test/bench/best-method.mjs [MODEL...]
// [--target T]. Needs the shared test data. Prints one JSON document; `worstLossDb` is the number that must not exceed
// 0.5.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const CIFAR = {
  data: 'cifar10/calibration',
  flags: ['--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255'],
};
const CELLS = {
  data: 'cells/train',
  flags: ['--letterbox', '320x320', '--pad', '114', '--order', 'rgb', '--scale', '1/255', '--mean', '0', '--std', '1'],
};
const CASES = {
  cells_detector: CELLS,
  cells_unet: CELLS,
  plate_chars: { data: 'plates/calibration', flags: [], groups: ['day', 'night'] },
  planted_outlier: CIFAR,
  yolox_nano: {
    data: 'coco/images/train',
    flags: [
      '--letterbox',
      '416x416',
      '--pad',
      '114',
      '--order',
      'rgb',
      '--mean',
      '0.485,0.456,0.406',
      '--std',
      '0.229,0.224,0.225',
      '--scale',
      '1/255',
    ],
  },
  cifar_resnet20: CIFAR,
  cifar_mobilenetv2: CIFAR,
  cifar_vit: CIFAR,
  planted_fp16_overflow: CIFAR,
  mnist_cntk: { data: 'mnist/validation', flags: ['--order', 'gray', '--scale', '1', '--mean', '0', '--std', '1'] },
  mobilenet_v1_075_bn: {
    data: 'imagenet/calibration',
    flags: ['--crop', '224', '--order', 'rgb', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
  },
  squeezenet_v11: {
    data: 'imagenet/calibration',
    flags: ['--crop', '227', '--order', 'bgr', '--mean', '104,117,123', '--std', '1', '--scale', '1'],
  },
  ultraface_rfb_320: {
    data: 'faces',
    flags: ['--resize', '320x240', '--order', 'rgb', '--mean', '127', '--std', '128', '--scale', '1'],
  },
};
const METHODS = ['minmax', 'entropy', 'percentile', 'mse'];
/** Images of each group that are copied for either half. */
const MOST_IMAGES = 100;

const calib = (...args) => {
  const result = spawnSync(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(`calib ${args.join(' ')}: ${result.stderr}`);
  return JSON.parse(result.stdout);
};
const round = (value) => (typeof value === 'number' ? Number(value.toFixed(2)) : null);

/** Copies every second image of a folder, beginning with the first or the second, at most so many. */
function copyFp16(from, to, which) {
  const files = readdirSync(from, { recursive: true })
    .filter((file) => /\.(jpe?g|png)$/i.test(file))
    .sort()
    .filter((_, i) => i % 2 === which);
  const chosen =
    files.length <= MOST_IMAGES
      ? files
      : Array.from({ length: MOST_IMAGES }, (_, i) => files[Math.floor(((i + 0.5) * files.length) / MOST_IMAGES)]);
  for (const file of chosen) {
    const path = join(to, file.split(sep).join('/'));
    mkdirSync(dirname(path), { recursive: true });
    cpSync(join(from, file), path);
  }
}

/** SQNR of the worst output of each method on a folder, dB. */
function judge(project, folder) {
  calib('set', project, '--validation', folder);
  const { variants } = calib(
    'validate',
    project,
    '--variants',
    ['fp32', ...METHODS.map((method) => `int8-${method}`)].join(','),
  );
  const worst = ({ outputs, outputSqnrDb }) =>
    Math.min(...(outputs?.length > 0 ? outputs.map(({ sqnrDb }) => sqnrDb ?? Infinity) : [outputSqnrDb]));
  return Object.fromEntries(
    METHODS.map((method) => [method, worst(variants.find(({ variant }) => variant === `int8-${method}`))]),
  );
}

function measure(model, target, work) {
  const { data, flags, groups = [] } = CASES[model];
  const project = join(work, `${model}.calib`);
  const [chosenOn, judgedOn] = ['chosen', 'judged'].map((name) => join(work, model, name));
  const source = join(shared, 'data', data);
  for (const [which, to] of [chosenOn, judgedOn].entries()) {
    if (groups.length === 0) copyFp16(source, to, which);
    for (const group of groups) copyFp16(join(source, group), join(to, group), which);
  }
  calib('init', join(shared, 'models', `${model}.onnx`), '--calibration', chosenOn, ...flags, '-o', project);
  calib('set', project, '--target', target);
  const { chosenMethod, best } = calib('calibrate', project);
  const { images, seconds, budgetSeconds, singles } = best.decision;
  const judged = Object.fromEntries(
    [['all', judgedOn], ...groups.map((group) => [group, join(judgedOn, group)])].map(([name, folder]) => [
      name,
      judge(project, folder),
    ]),
  );
  const lossDb = Object.values(judged).map((byMethod) => Math.max(...Object.values(byMethod)) - byMethod[chosenMethod]);
  const rounded = (byMethod) => Object.fromEntries(Object.entries(byMethod).map(([method, db]) => [method, round(db)]));
  return {
    model,
    target,
    chosenMethod,
    lossDb: round(lossDb[0]),
    ...(groups.length === 0 ? {} : { worstGroupLossDb: round(Math.max(...lossDb.slice(1))) }),
    chosenOn: {
      images,
      seconds: round(seconds),
      budgetSeconds: round(budgetSeconds),
      sqnrDb: Object.fromEntries(singles.map(({ method, sqnrDb }) => [method, round(sqnrDb)])),
    },
    judged: Object.fromEntries(Object.entries(judged).map(([name, byMethod]) => [name, rounded(byMethod)])),
  };
}

const args = process.argv.slice(2);
const at = args.indexOf('--target');
const target = at < 0 ? 'onnxruntime' : args[at + 1];
const names = args.filter((_, i) => at < 0 || (i !== at && i !== at + 1));
const work = mkdtempSync(join(tmpdir(), 'calib-best-'));
try {
  const models = (names.length > 0 ? names : Object.keys(CASES)).map((model) => {
    const found = measure(model, target, work);
    console.error(JSON.stringify(found));
    return found;
  });
  console.log(JSON.stringify({ worstLossDb: Math.max(...models.map(({ lossDb }) => lossDb)), models }, null, 1));
} finally {
  rmSync(work, { recursive: true, force: true });
}
