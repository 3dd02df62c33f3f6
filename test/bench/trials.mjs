// Whether trials in segments decide what trials of whole models decide, each of which is rewritten and opened anew: the
// thresholds of method auto, the ranking of layers by the gain of their release, and the sets of layers to release.
// Where sets differ, both are judged by whole models on images that chose neither of them.
// Usage: node test/bench/trials.mjs [--images 8] [--layers 3] [--unseen 200] [MODEL...]. Needs the shared data and
// `npm run build`. Prints one JSON document a model, with every difference.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { calib, shared } from './tensorrt-reference.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { values, positionals } = parseArgs({
  options: {
    images: { type: 'string', default: '8' },
    layers: { type: 'string', default: '3' },
    unseen: { type: 'string', default: '200' },
  },
  allowPositionals: true,
});
const images = Number(values.images);
const maxLayers = Number(values.layers);
const unseen = Number(values.unseen);

const CIFAR = ['cifar10', '--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255'];
const IMAGENET = ['imagenet', '--order', 'rgb'];
const COCO = ['coco/images/train', '--scale', '1/255', '--order', 'rgb'];
const MODELS = {
  plate_chars: ['plates'],
  mnist_cntk: ['mnist'],
  cifar_resnet20: CIFAR,
  planted_outlier: CIFAR,
  cifar_mobilenetv2: CIFAR,
  cifar_vit: CIFAR,
  squeezenet_v11: [
    'imagenet',
    '--crop',
    '227',
    '--order',
    'bgr',
    '--mean',
    '104,117,123',
    '--std',
    '1',
    '--scale',
    '1',
  ],
  mobilenet_v1_075_bn: [...IMAGENET, '--crop', '224', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
  yolox_nano: [...COCO, '--letterbox', '416x416', '--mean', '.485,.456,.406', '--std', '.229,.224,.225'],
};
const FOLDERS = { 'coco/images/train': 'coco/images/train', mnist: 'mnist/validation' };

const outDir = join(root, 'build/bench/trials');
await build({
  root,
  logLevel: 'warn',
  build: {
    ssr: join(root, 'test/support/trials-bench.ts'),
    outDir,
    emptyOutDir: true,
    target: 'node20',
    rollupOptions: { output: { entryFileNames: 'trials-bench.mjs' } },
  },
  ssr: { external: true },
});

const work = mkdtempSync(join(tmpdir(), 'calib-trials-'));
process.env.CALIB_HOME = join(work, 'home');
const { decide, unseenErrors } = await import(pathToFileURL(join(outDir, 'trials-bench.mjs')).href);

/** The position from which two lists differ, with both entries; null if they are equal. */
function firstDifference(a, b) {
  const at = a.findIndex((own, i) => String(own) !== String(b[i]));
  return at < 0 && a.length === b.length ? null : { at, segments: a[at] ?? null, whole: b[at] ?? null };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function compare(segments, whole) {
  const order = ({ ranking }) => ranking.map(({ layer }) => layer);
  const gains = new Map(whole.ranking.map(({ layer, gain }) => [layer, gain]));
  const differences = segments.ranking.map(({ layer, gain }) => (gain - gains.get(layer)) / whole.error);
  return {
    auto: {
      verdict: [segments.auto.verdict, whole.auto.verdict],
      bestSingle: [segments.auto.bestSingle, whole.auto.bestSingle],
      differingTensors: Object.entries(segments.auto.methods).flatMap(([tensor, method]) =>
        whole.auto.methods[tensor] === method ? [] : [{ tensor, segments: method, whole: whole.auto.methods[tensor] }],
      ),
    },
    ranking: firstDifference(order(segments), order(whole)),
    sets: firstDifference(
      segments.sets.map((set) => set.toSorted()),
      whole.sets.map((set) => set.toSorted()),
    ),
    /** Differences of the gains, relative to the error of all layers in INT8. */
    gainDifference: { largest: Math.max(...differences.map(Math.abs)), mean: mean(differences) },
    error: [segments.error, whole.error],
    seconds: [segments.seconds, whole.seconds].map((seconds) => Number(seconds.toFixed(1))),
    sessions: [segments.sessions, whole.sessions],
  };
}

try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(MODELS)) {
    const [data, ...flags] = MODELS[name];
    const folder = join(shared, 'data', FOLDERS[data] ?? join(data, 'calibration'));
    const project = join(work, `${name}.calib`);
    calib('init', join(shared, 'models', `${name}.onnx`), '--calibration', folder, ...flags, '-o', project);
    calib('set', project, '--target', 'tensorrt', '--method', 'entropy');
    calib('calibrate', project, '--limit', '64');
    const segments = await decide(project, { divides: true, count: images, maxLayers });
    const whole = await decide(project, { divides: false, count: images, maxLayers });
    const found = compare(segments, whole);
    const differing = [segments.sets[found.sets?.at], whole.sets[found.sets?.at]];
    const onUnseen = found.sets === null ? null : await unseenErrors(project, { count: images, unseen }, differing);
    console.log(JSON.stringify({ model: name, ...found, onUnseen }, null, 1));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(0);
