// What the TensorRT benches share: the models, images and order of the reference, and projects made from them.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const referenceDir = join(shared, 'reference/tensorrt-10.6');
/** Images that the reference's calibrators got at a time. */
export const BATCH = 32;

const PLATES = {
  images: 'plate_chars',
  data: 'plates',
  flags: ['--scale', '1/255', '--mean', '0', '--std', '1', '--order', 'rgb'],
};
const CIFAR = {
  images: 'cifar',
  data: 'cifar10',
  flags: ['--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255', '--order', 'rgb'],
};
const IMAGENET = { images: 'imagenet', data: 'imagenet' };
const MODELS = {
  plate_chars: PLATES,
  cifar_resnet20: CIFAR,
  cifar_mobilenetv2: CIFAR,
  cifar_vit: CIFAR,
  planted_outlier: CIFAR,
  planted_fp16_overflow: CIFAR,
  squeezenet_v11: {
    ...IMAGENET,
    flags: ['--crop', '227', '--order', 'bgr', '--mean', '104,117,123', '--std', '1', '--scale', '1'],
  },
  mobilenet_v1_075_bn: {
    ...IMAGENET,
    flags: ['--crop', '224', '--order', 'rgb', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
  },
};

export const results = JSON.parse(readFileSync(join(referenceDir, 'results.json'), 'utf8'));

/** The models that were named, or all. */
export function modelsOf(names) {
  return names.length > 0 ? names : Object.keys(MODELS);
}

/** Runs the built command line and returns its document. */
export function calib(...args) {
  const result = spawnSync(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout);
}

/** name -> scale of a reference cache (`int8e`: Entropy2, `int8m`: MinMax), or null where there is none. */
export function referenceCache(model, kind) {
  const path = join(referenceDir, `${model}.${kind}.cache`);
  return existsSync(path) ? readCache(path) : null;
}

export function readCache(path) {
  const lines = readFileSync(path, 'utf8').trim().split('\n').slice(1);
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(': ')), Buffer.from(line.slice(-8), 'hex').readFloatBE(0)]),
  );
}

function imageLists({ images, data }) {
  const listed = results.images[images];
  if (Array.isArray(listed.cal)) return { calibration: listed.cal, validation: listed.val };
  const files = (folder) =>
    readdirSync(join(shared, 'data', data, folder))
      .filter((name) => /\.(jpe?g|png)$/i.test(name))
      .sort()
      .map((name) => join('data', data, folder, name));
  const count = Number(/first (\d+) files/.exec(listed.cal)[1]);
  return { calibration: files('calibration').slice(0, count), validation: files('validation') };
}

/** A project over exactly the reference's images, calibrated with TensorRT's grid. */
export function makeProject(model, work, flags = ['--tensorrt-grid', String(BATCH)]) {
  const setup = MODELS[model];
  const lists = imageLists(setup);
  const write = (name) => {
    const path = join(work, `${model}-${name}.txt`);
    writeFileSync(path, lists[name].map((file) => join(shared, file)).join('\n'));
    return path;
  };
  const project = join(work, `${model}.calib`);
  const csv = join(shared, 'data', setup.data, 'validation/labels.csv');
  const labels = existsSync(csv) ? ['--labels', csv] : [];
  calib(
    'init',
    join(shared, 'models', `${model}.onnx`),
    '--calibration',
    write('calibration'),
    '--validation',
    write('validation'),
    ...labels,
    ...setup.flags,
    '-o',
    project,
  );
  const { seconds, images } = calib('calibrate', project, ...flags);
  return { project, seconds, images };
}
