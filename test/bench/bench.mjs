/**
 * Runs the benchmarks of calibration one after the other and prints one table: collecting over bare inference,
 * calibration beside ONNX Runtime's own, and the thresholds. Ratios are taken within one run, one thread a worker; a
 * row has the median and, in brackets, the smallest and largest round. Needs `npm run build`. What is missing on a
 * machine (python3 with onnxruntime, onnx and Pillow, or the shared test data) is named instead of its rows.
 * Usage: npm run bench [-- --rounds N] [--json FILE]. PYTHON names another python3.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'string' } },
});

/** The JSON document that a benchmark prints, or the last line of its error. */
function run(script, args = []) {
  process.stderr.write(`${script}\n`);
  const child = spawnSync(process.execPath, [join(import.meta.dirname, script), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (child.status === 0) return { document: JSON.parse(child.stdout) };
  const lines = child.stderr.split('\n').map((line) => line.trim());
  return { missing: lines.find((line) => /Error/.test(line)) ?? `it ended with status ${child.status}` };
}

const number = (value) => value.toFixed(2);
const ratio = ({ median, min, max }) => `${number(median)} (${number(min)} to ${number(max)})`;

const BENCHMARKS = [
  {
    title: 'collection with all histograms / bare inference',
    run: () => run('collection.mjs', [options.rounds]),
    rows: ({ results }) =>
      results.flatMap(({ model, tensors, ratios }) =>
        ratios.map(({ workers, counting, copying }) => [
          `${model}, ${tensors} tensors, ${workers} worker${workers === 1 ? '' : 's'}`,
          `${ratio(counting)}; if tensors are copied to JavaScript ${ratio(copying)}`,
        ]),
      ),
  },
  {
    title: 'calib calibrate / calibration of ONNX Runtime, images per second',
    run: () => run('calibration-speed.mjs', ['64', options.rounds]),
    rows: ({ results }) =>
      results.flatMap(({ model, timesOrtMinMax, timesOrtEntropy }) => [
        [`${model} / MinMax`, ratio(timesOrtMinMax)],
        [`${model} / Entropy`, ratio(timesOrtEntropy)],
      ]),
  },
  {
    title: 'calib calibrate, 400 images / 100 images',
    run: () => run('calibration-memory.mjs', ['mobilenet_v1_075_bn', options.rounds]),
    rows: ({ model, timeRatio, memoryRatio }) => [
      [`${model}, time per image`, number(timeRatio)],
      [`${model}, peak memory`, number(memoryRatio)],
    ],
  },
  {
    title: 'thresholds of all methods, milliseconds a tensor on one thread',
    run: () => run('thresholds.mjs'),
    rows: ({ tensors, allMethodsMs }) => [
      [`${tensors} tensors`, `median ${number(allMethodsMs.median)}, 95th percentile ${number(allMethodsMs.p95)}`],
    ],
  },
];

const documents = {};
for (const { title, run: measure, rows } of BENCHMARKS) {
  const { document, missing } = measure();
  console.log(`\n${title}`);
  if (document === undefined) {
    console.log(`  not measured: ${missing}`);
    continue;
  }
  documents[title] = document;
  for (const [name, value] of rows(document)) console.log(`  ${name.padEnd(52)} ${value}`);
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(documents, null, 1)}\n`);
