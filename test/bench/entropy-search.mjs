/**
 * Time of the native threshold searches, one tensor at a time, as JSON on stdout.
 * Usage: node test/bench/entropy-search.mjs [--tensors N]
 */
import { createRequire } from 'node:module';
import { cpus } from 'node:os';

const addon = createRequire(import.meta.url)('../../native/build/Release/calib.node');
const VALUES = 200_000;
const flag = process.argv.indexOf('--tensors');
const tensors = flag === -1 ? 200 : Number(process.argv[flag + 1]);

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

const records = Array.from({ length: tensors }, (_, i) => recordOf(i + 1));
const all = timesOf(records, (record) => addon.thresholdsOf(record, [99.99]));
const bins = records.map((_, i) => binsOf(i + 1));
const entropy = timesOf(bins, (counts) => addon.searchEntropy(counts));
const evaluate = timesOf(records, (record) => addon.evaluate(record, 0.5));
const report = {
  bins: 2048,
  tensors,
  valuesPerTensor: VALUES,
  msPerTensorMedian: entropy.median,
  p95: entropy.p95,
  max: entropy.max,
  allMethodsMs: all,
  evaluateMs: evaluate,
  recordBytesMean: records.reduce((sum, record) => sum + record.length, 0) / tensors,
  cpu: cpus()[0]?.model ?? 'unknown',
  node: process.versions.node,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
