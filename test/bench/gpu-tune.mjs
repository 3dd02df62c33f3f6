// Tunes projects on a GPU in steps, each with a time limit of its own. What is known is written after every step, and
// engines are kept in the projects, so that a sitting that is cut off loses nothing and can be continued.
//
// node test/bench/gpu-tune.mjs --prepare DIR --calibration PATH [--limit N] [--flags="INIT FLAGS"] MODEL.onnx...
//   on any machine: copies the models into DIR, and makes a calibrated project of each beside it. DIR can be carried to
//   another machine; its images are not needed there.
// node test/bench/gpu-tune.mjs --out DIR [--batches LIST] [--method M] [--step-seconds N] [--seconds N]
//     [--no-implicit] PROJECT.calib...
//   on the machine with the GPU: for each project an FP16 engine, an INT8 engine, up to two tuned ones, and TensorRT's
//   implicit INT8 for comparison. --step-seconds limits a step (default: 240), --seconds everything (default: none).
//
// DIR gets tune.json (steps with their seconds and errors, latencies, promises, summaries), layers.json (project ->
// engine -> its layers with their times) and kernel-times.json (the table that was learnt). A second call with the same
// DIR adds to it. CALIB names another command line than out/main/calib.js. Exit code 1 if a step failed or was cut off.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const command = process.env.CALIB ?? join(root, 'out/main/calib.js');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prepare: { type: 'string' },
    calibration: { type: 'string' },
    limit: { type: 'string', default: '64' },
    flags: { type: 'string', default: '' },
    method: { type: 'string', default: 'minmax' },
    out: { type: 'string' },
    batches: { type: 'string', default: '16' },
    'step-seconds': { type: 'string', default: '240' },
    seconds: { type: 'string' },
    'no-implicit': { type: 'boolean', default: false },
  },
});
const MAX_BUILDS = 4;

function calib(args, seconds) {
  const startedAt = performance.now();
  // SIGINT lets the command end its compute process; what it has built is kept.
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, [command, ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: seconds * 1000,
    killSignal: 'SIGINT',
  });
  const took = Number(((performance.now() - startedAt) / 1000).toFixed(1));
  if (error?.code === 'ETIMEDOUT') return { seconds: took, failed: `cut off after ${Math.round(seconds)} s` };
  if (status !== 0) return { seconds: took, failed: `${signal ?? status}: ${(stderr || stdout).slice(-2000)}` };
  return { seconds: took, document: JSON.parse(stdout) };
}

function writeJson(path, value) {
  writeFileSync(`${path}.part`, JSON.stringify(value));
  renameSync(`${path}.part`, path);
}

function prepareProjects(dir, models) {
  mkdirSync(dir, { recursive: true });
  for (const model of models) {
    const name = basename(model).replace(/\.onnx$/i, '');
    const copy = join(dir, basename(model));
    copyFileSync(model, copy);
    const project = join(dir, `${name}.calib`);
    const init = ['init', copy, '--calibration', resolve(values.calibration), '-o', project];
    for (const args of [
      [...init, ...values.flags.split(' ').filter((flag) => flag !== '')],
      ['calibrate', project, '--limit', values.limit],
    ]) {
      const { failed, seconds } = calib(args, 3600);
      if (failed !== undefined) throw new Error(`${name}: ${failed}`);
      console.error(`${name}: ${args[0]} ${seconds} s`);
    }
  }
}

function tuneProjects(out, projects) {
  mkdirSync(out, { recursive: true });
  const endsAt = values.seconds === undefined ? Infinity : performance.now() + 1000 * Number(values.seconds);
  const path = (name) => join(out, `${name}.json`);
  const read = (name) => (existsSync(path(name)) ? JSON.parse(readFileSync(path(name), 'utf8')) : {});
  const [found, layers] = [read('tune'), read('layers')];
  let hasFailed = false;
  const step = (name, title, args) => {
    const left = Math.min(Number(values['step-seconds']), (endsAt - performance.now()) / 1000);
    const outcome = left < 1 ? { seconds: 0, failed: 'no time left' } : calib(args, left);
    hasFailed ||= outcome.failed !== undefined;
    console.error(`${name}: ${title} ${outcome.seconds} s ${outcome.failed ?? ''}`);
    return outcome;
  };
  const gpu = ['--batches', values.batches];
  for (const project of projects.map((given) => resolve(given))) {
    const name = basename(project, '.calib');
    const own = { steps: [] };
    found[name] = own;
    for (let builds = 1; builds <= MAX_BUILDS; builds++) {
      const { document, ...outcome } = step(name, `tune, ${builds} engines`, [
        ...['tune', project, '--variant', `mixed-${values.method}`, ...gpu, '--max-builds', String(builds)],
        ...['--export-table', path('kernel-times')],
      ]);
      own.steps.push({ builds, ...outcome });
      if (document !== undefined) {
        own.tuning = document;
        layers[name] = Object.fromEntries(
          document.candidates.map((candidate) => [
            candidate.name,
            JSON.parse(readFileSync(join(dirname(candidate.enginePath), 'layers.json'), 'utf8')),
          ]),
        );
        writeJson(path('layers'), layers);
      }
      writeJson(path('tune'), found);
      // Fewer engines than allowed: no plan promised more.
      if (document === undefined || document.candidates.length < builds) break;
    }
    if (values['no-implicit'] || own.tuning === undefined) continue;
    const { document, ...outcome } = step(name, 'implicit INT8', [
      ...['bench', project, '--backend', 'tensorrt', '--implicit', '--variants', `fp16,int8-${values.method}`, ...gpu],
    ]);
    own.steps.push({ implicit: true, ...outcome });
    if (document !== undefined) own.implicit = { variants: document.variants, gpu: document.gpu };
    writeJson(path('tune'), found);
  }
  if (hasFailed) process.exitCode = 1;
}

if (values.prepare !== undefined && values.calibration !== undefined && positionals.length > 0)
  prepareProjects(resolve(values.prepare), positionals);
else if (values.out !== undefined && positionals.length > 0) tuneProjects(resolve(values.out), positionals);
else {
  console.error('Expected --prepare DIR --calibration PATH MODEL..., or --out DIR PROJECT...');
  process.exitCode = 2;
}
