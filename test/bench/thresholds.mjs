/**
 * Time of the threshold searches of src-shared/domain, one tensor at a time on one thread, as JSON on stdout.
 * Usage: node test/bench/thresholds.mjs [--tensors N | --file PROJECT/calibration/KEY/histograms.bin]
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { runnerImport } from 'vite';

const load = async (path) => (await runnerImport(new URL(`../../${path}`, import.meta.url).pathname)).module;
const { thresholdsOf } = await load('src-shared/domain/histograms/thresholds.ts');
const { entropyIndex, searchEntropy } = await load('src-shared/domain/histograms/entropy-search.ts');
const { evaluateThreshold } = await load('src-shared/domain/histograms/quantization-error.ts');
const { decodeHistogram } = await load('src-shared/domain/histograms/histogram-codec.ts');
const addon = createRequire(import.meta.url)('../../native/build/Release/calib.node');
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const file = option('--file');
const tensors = Number(option('--tensors') ?? 200);

const VALUES = 200_000;

/** Small seeded generator (linear congruential): timing data only. */
function createUniform(seed) {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function recordOf(seed) {
  const uniform = createUniform(seed);
  const normal = () => uniform() + uniform() + uniform() + uniform() - 2;
  const scale = 10 ** (4 * uniform() - 2);
  const shapes = [
    normal,
    () => Math.max(0, normal()),
    () => normal() * (uniform() < 0.01 ? 50 : 1),
    () => Math.log(uniform() + 1e-9) * normal(),
  ];
  const shape = shapes[seed % shapes.length];
  const set = new addon.HistogramSet(1);
  set.addImage([Float32Array.from({ length: VALUES }, () => scale * shape())], 0, 1, new Float32Array(1));
  return set.encode(0);
}

/** 2048 counts of a falling density with noise and, on every fourth tensor, gaps. */
function binsOf(seed) {
  const uniform = createUniform(seed);
  const decay = 2 + 10 * uniform();
  return Float64Array.from({ length: 2048 }, (_, i) =>
    seed % 4 === 0 && uniform() < 0.5 ? 0 : Math.floor(1 + 1e5 * uniform() * Math.exp((-decay * i) / 2048)),
  );
}

function timesOf(inputs, work) {
  for (const input of inputs.slice(0, 10)) work(input);
  const times = inputs.map((input) => {
    const startedAt = performance.now();
    work(input);
    return performance.now() - startedAt;
  });
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return { median: at(0.5), p95: at(0.95), max: at(1) };
}

/** The totals of all tensors of a histogram file: the records of its first group where it has only one. */
async function recordsOfFile(path) {
  const { decodeHistogramFile } = await load('src-main/calibration/histograms/histogram-file.ts');
  return Object.values(decodeHistogramFile(readFileSync(path), path).records)[0];
}

const records = file ? await recordsOfFile(file) : Array.from({ length: tensors }, (_, i) => recordOf(i + 1));
const histograms = records.map(decodeHistogram);
const all = timesOf(histograms, (histogram) => thresholdsOf(histogram, [99.99]));
const bins = records.map((_, i) => binsOf(i + 1));
const entropy = timesOf(bins, (counts) => entropyIndex(counts));
const entropyWithCurve = timesOf(bins, (counts) => searchEntropy(counts));
const evaluate = timesOf(histograms, (histogram) => evaluateThreshold(histogram, 0.5));
const report = {
  bins: 2048,
  tensors: records.length,
  valuesPerTensor: VALUES,
  msPerTensorMedian: entropy.median,
  p95: entropy.p95,
  max: entropy.max,
  entropyCurveMs: entropyWithCurve,
  allMethodsMs: all,
  evaluateMs: evaluate,
  recordBytesMean: records.reduce((sum, record) => sum + record.length, 0) / tensors,
  cpu: cpus()[0]?.model ?? 'unknown',
  node: process.versions.node,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
