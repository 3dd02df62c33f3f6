/**
 * Time of the scores of 5,000 images with 100 detections each, as JSON on stdout: matching, the table of both
 * conventions, and the interval of the difference between two variants.
 * Usage: node test/bench/measures.mjs [--images N] [--detections N] [--classes N]
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const flag = (name, preset) => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? preset : Number(process.argv[at + 1]);
};
const images = flag('images', 5000);
const perImage = flag('detections', 100);
const classes = flag('classes', 80);

// Bundled as in the application: modules that a test runner loads one by one are slower.
const domain = fileURLToPath(new URL('../../src-shared/domain', import.meta.url));
const files = [
  'measures/detection-matching',
  'measures/detection-summary',
  'measures/measured-sets',
  'measures/judge',
  'random',
];
const { output } = await build({
  configFile: false,
  logLevel: 'error',
  plugins: [
    {
      name: 'entry',
      resolveId: (id) => (id === 'virtual:measures' ? id : undefined),
      load: (id) =>
        id === 'virtual:measures'
          ? files.map((file) => `export * from ${JSON.stringify(join(domain, `${file}.ts`))};`).join('\n')
          : undefined,
    },
  ],
  build: {
    write: false,
    minify: false,
    rollupOptions: { input: 'virtual:measures', preserveEntrySignatures: 'strict', output: { format: 'es' } },
  },
});
const { createRandom, matchDetections, summarizeDetections, detectionSet, differenceOf } = await import(
  `data:text/javascript;base64,${Buffer.from(output[0].code).toString('base64')}`
);

const random = createRandom(11);
const between = (from, to) => from + random.nextUnit() * (to - from);

/** About seven objects an image, one detection near each of them, the rest anywhere with low scores. */
function scene() {
  return Array.from({ length: Math.floor(between(0, 15)) }, () => {
    const [x1, y1, width, height] = [between(0, 500), between(0, 400), between(10, 200), between(10, 200)];
    return { label: Math.floor(random.nextUnit() ** 2 * classes), x1, y1, x2: x1 + width, y2: y1 + height };
  });
}

function detect(truth, noise) {
  const rows = truth.map(({ label, x1, y1, x2, y2 }) => {
    const shift = (size) => between(-noise, noise) * size;
    const [width, height] = [x2 - x1, y2 - y1];
    return {
      box: [x1 + shift(width), y1 + shift(height), x2 + shift(width), y2 + shift(height)],
      score: between(0.1, 1),
      label,
    };
  });
  while (rows.length < perImage) {
    const [x, y] = [between(0, 500), between(0, 400)];
    const label =
      truth.length > 0 && random.nextUnit() < 0.5
        ? truth[rows.length % truth.length].label
        : Math.floor(between(0, classes));
    rows.push({ box: [x, y, x + between(10, 200), y + between(10, 200)], score: 0.5 * random.nextUnit() ** 2, label });
  }
  rows.sort((a, b) => b.score - a.score);
  return {
    boxes: Float32Array.from(rows.flatMap(({ box }) => box)),
    scores: Float32Array.from(rows, ({ score }) => score),
    classes: Int32Array.from(rows, ({ label }) => label),
  };
}

const truths = Array.from({ length: images }, scene);
const fp32 = truths.map((truth) => detect(truth, 0.1));
const int8 = truths.map((truth) => detect(truth, 0.12));

const times = {};
function timed(name, work) {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const result = work();
  const { user, system } = process.cpuUsage(cpu);
  times[name] = {
    seconds: +((performance.now() - startedAt) / 1000).toFixed(3),
    cpuSeconds: +((user + system) / 1e6).toFixed(3),
  };
  return result;
}

const summaries = {};
for (const convention of ['coco', 'ultralytics']) {
  const match = (list) => list.map((detections, i) => matchDetections(detections, truths[i], convention));
  const matched = timed(`${convention}: match`, () => match(fp32));
  summaries[convention] = timed(`${convention}: summarize`, () => summarizeDetections(matched, convention)).ap;
  const variant = match(int8);
  const [a, b] = timed(`${convention}: sort both`, () => [
    detectionSet(variant, convention),
    detectionSet(matched, convention),
  ]);
  summaries[`${convention} difference`] = timed(`${convention}: difference with interval`, () => differenceOf(a, b));
}
process.stdout.write(`${JSON.stringify({ images, perImage, classes, times, summaries }, null, 2)}\n`);
