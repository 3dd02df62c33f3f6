/**
 * Time of the native histogram per float32 value for three kinds of activations, as JSON on stdout.
 * Usage: node test/bench/histogram.mjs [--values N]
 */
import { createRequire } from 'node:module';
import { cpus } from 'node:os';

const addon = createRequire(import.meta.url)('../../native/build/Release/calib.node');
const ROUNDS = 15;
const flag = process.argv.indexOf('--values');
const values = flag === -1 ? 4_000_000 : Number(process.argv[flag + 1]);

/** Small seeded generator (linear congruential): timing data only. */
let state = 1;
const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

function nsPerValue(data) {
  const amax = new Float32Array(1);
  const times = [];
  for (let round = -3; round < ROUNDS; round += 1) {
    const set = new addon.HistogramSet(1);
    const startedAt = performance.now();
    set.addImage([data], 0, 1, amax);
    if (round >= 0) times.push(((performance.now() - startedAt) * 1e6) / data.length);
  }
  times.sort((a, b) => a - b);
  return { median: times[Math.floor(ROUNDS / 2)], p95: times[Math.floor(0.95 * ROUNDS)] };
}

const normalData = Float32Array.from({ length: values }, normal);
const report = {
  values,
  rounds: ROUNDS,
  nsPerValue: {
    normal: nsPerValue(normalData),
    relu: nsPerValue(normalData.map((x) => Math.max(0, x))),
    zeros: nsPerValue(new Float32Array(values)),
    constant: nsPerValue(new Float32Array(values).fill(0.7)),
  },
  cpu: cpus()[0]?.model ?? 'unknown',
  node: process.versions.node,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
