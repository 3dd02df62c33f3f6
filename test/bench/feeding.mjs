// What an image costs before the model sees it, and how much that adds to bare inference: the first pass decodes and
// stores, the second finds everything in the image cache. Processor time, so that other programs disturb little.
// Usage: node test/bench/feeding.mjs [IMAGES=100] [ROUNDS=3]. Needs the shared test data. Prints one JSON document.
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const images = Number(process.argv[2] ?? 100);
const rounds = Number(process.argv[3] ?? 3);
process.env.ORT_DISABLE_TELEMETRY = '1';

const rgb = { crop: null, order: 'rgb', layout: 'nchw' };
const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], scale: 1 / 255 };
const cifar = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616], scale: 1 / 255 };
const CASES = [
  [
    'yolox_nano',
    'coco/images/train',
    { ...rgb, ...imagenet, resize: { kind: 'letterbox', width: 416, height: 416, pad: 114 } },
  ],
  [
    'mobilenet_v1_075_bn',
    'imagenet/calibration',
    { ...rgb, resize: { kind: 'none' }, crop: { width: 224, height: 224 }, mean: [127.5], std: [127.5], scale: 1 },
  ],
  ['cifar_mobilenetv2', 'cifar10/calibration', { ...rgb, ...cifar, resize: { kind: 'none' } }],
  ['cifar_resnet20', 'cifar10/calibration', { ...rgb, ...cifar, resize: { kind: 'none' } }],
];

const outDir = join(root, 'build/bench/feeding');
await build({
  root,
  logLevel: 'warn',
  build: {
    ssr: join(root, 'test/support/feeding-bench.ts'),
    outDir,
    emptyOutDir: true,
    target: 'node20',
    rollupOptions: { output: { entryFileNames: 'feeding-bench.mjs' } },
  },
  ssr: { external: true },
});
const { measureFeeding } = await import(pathToFileURL(join(outDir, 'feeding-bench.mjs')).href);

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const results = [];
for (const [model, folder, preprocessing] of CASES) {
  const found = [];
  for (let round = 0; round < rounds; round += 1)
    found.push(
      await measureFeeding(
        { modelPath: join(shared, 'models', `${model}.onnx`), imagesDir: join(shared, 'data', folder), preprocessing },
        images,
      ),
    );
  const ms = (name) => Math.round(median(found.map((one) => one[name])) * 100) / 100;
  const overBare = (name) => Math.round(median(found.map((one) => (one[name] + one.run) / one.run)) * 1000) / 1000;
  results.push({
    model,
    images: found[0].images,
    cpuMsPerImage: Object.fromEntries(['decode', 'fit', 'first', 'second', 'run'].map((name) => [name, ms(name)])),
    firstPassOverBareInference: overBare('first'),
    secondPassOverBareInference: overBare('second'),
  });
}
console.log(JSON.stringify({ machine: cpus()[0]?.model, cores: cpus().length, rounds, results }, null, 1));
