// TensorRT engines of the reference models: latency of our strongly typed INT8(+FP16) engine beside TensorRT's own
// implicit one, and the accuracy of each engine beside what was predicted on the CPU. Needs a GPU, TensorRT 10 and the
// shared data. Usage: node test/bench/gpu-engines.mjs [--batch N] [--no-fp16] MODEL...   Prints one JSON document a
// model.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calib, makeProject, modelsOf, results } from './tensorrt-reference.mjs';

const args = process.argv.slice(2);
const at = args.indexOf('--batch');
const batch = at >= 0 ? args.splice(at, 2)[1] : '32';
const half = args.includes('--no-fp16') ? [] : ['fp16'];
const METHOD = 'minmax';
const work = mkdtempSync(join(tmpdir(), 'calib-gpu-'));
const list = (variants) => variants.join(',');

function accuracy(report, variant) {
  const found = report.variants.find((item) => item.variant === variant);
  return {
    top1: round(found.top1),
    ...Object.fromEntries(Object.entries(found.groups ?? {}).map(([group, { top1 }]) => [group, round(top1)])),
  };
}

const round = (value) => Number(value.toFixed(2));
const latency = (report, variant) => report.variants.find((item) => item.variant === variant)?.latencyMs;

try {
  for (const model of modelsOf(args.filter((arg) => !arg.startsWith('--')))) {
    const { project } = makeProject(model, work);
    const int8 = `int8-${METHOD}`;
    const gpu = ['--backend', 'tensorrt', '--batches', batch];
    const strong = calib('bench', project, ...gpu, '--variants', list(['fp32', ...half, int8]));
    const implicit = calib('bench', project, ...gpu, '--implicit', '--variants', list(['fp32', int8]));
    const onEngines = calib('validate', project, ...gpu, '--variants', list(['fp32', ...half, int8]));
    const onImplicit = calib('validate', project, ...gpu, '--implicit', '--variants', int8);
    const predicted = calib('validate', project, '--target', 'tensorrt', '--variants', list(['fp32', ...half, int8]));
    const { engines } = calib('build', project, ...gpu, '--variants', list(['fp32', ...half, int8]));
    const ours = latency(strong, int8);
    const theirs = latency(implicit, int8);
    const document = {
      model,
      batch: Number(batch),
      device: strong.device,
      gpu: strong.gpu,
      latencyMs: Object.fromEntries([
        ...strong.variants.map((item) => [item.variant, round4(item.latencyMs)]),
        ['implicit-int8', round4(theirs)],
      ]),
      oursToImplicit: round(ours.median / theirs.median),
      oursToImplicitByFp32: round(
        ours.median / latency(strong, 'fp32').median / (theirs.median / latency(implicit, 'fp32').median),
      ),
      engines: Object.fromEntries(
        engines.map(({ variant, summary, sizeMb }) => [variant, { ...summary, sizeMb: round(sizeMb) }]),
      ),
      accuracy: Object.fromEntries(
        ['fp32', ...half, int8].map((variant) => [
          variant,
          { engine: accuracy(onEngines, variant), predicted: accuracy(predicted, variant) },
        ]),
      ),
      implicitAccuracy: accuracy(onImplicit, int8),
      referenceImplicit: results.models[model].int8m,
    };
    console.log(JSON.stringify(document, null, 1));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function round4({ median, p90, p99, coefficientOfVariation }) {
  const four = (value) => Number(value.toFixed(4));
  return { median: four(median), p90: four(p90), p99: four(p99), coefficientOfVariation: four(coefficientOfVariation) };
}
