// What a person waits for in an open project of a generated 2,000-layer model: opening it, one tensor's histogram, and
// a precision toggle up to the new reasons; and how much of the image sets a run reads to hash them. Usage: node
// test/bench/session.mjs [--layers N] [--keep DIR]. Needs `npm run build`. Prints JSON.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { values: options } = parseArgs({ options: { layers: { type: 'string' }, keep: { type: 'string' } } });
const layers = Number(options.layers ?? 2000);
const ROUNDS = 11;
const IMAGES = 8;
const RECORDS = 200;
const RECORD_VALUES = 12_500;

// Synchronous reads block every window and every request of the application: the longest one is reported.
const reads = { longestMs: 0, path: '' };
for (const name of ['readFileSync', 'readSync']) {
  const original = fs[name];
  fs[name] = (...args) => {
    const start = performance.now();
    try {
      return original(...args);
    } finally {
      const ms = performance.now() - start;
      if (ms > reads.longestMs) Object.assign(reads, { longestMs: ms, path: `${name} ${String(args[0]).slice(-60)}` });
    }
  };
}
syncBuiltinESMExports();
const longestRead = () => {
  const { longestMs, path } = reads;
  Object.assign(reads, { longestMs: 0, path: '' });
  return `${longestMs.toFixed(2)} ms (${path})`;
};

const outDir = join(root, 'build/bench/session');
await build({
  root,
  logLevel: 'warn',
  build: {
    ssr: join(root, 'test/support/session-bench.ts'),
    outDir,
    emptyOutDir: true,
    target: 'node20',
    rollupOptions: { output: { entryFileNames: 'session-bench.mjs' } },
  },
  ssr: { external: true },
});
const { createWorkbench, writeGeneratedProject, writeRecords } = await import(
  pathToFileURL(join(outDir, 'session-bench.mjs')).href
);

const work = options.keep ? resolve(options.keep) : fs.mkdtempSync(join(tmpdir(), 'calib-session-'));
fs.mkdirSync(work, { recursive: true });
process.env.CALIB_HOME = join(work, 'home');
const bench = createWorkbench();

async function timed(action) {
  const start = performance.now();
  const result = await action();
  return { ms: performance.now() - start, result };
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rounded = (ms) => Math.round(ms * 10) / 10;

async function finished(spec) {
  const { jobId } = await bench.startJob(spec);
  for (;;) {
    const job = await bench.getJob({ jobId });
    if (job.state === 'failed' || job.state === 'cancelled') throw new Error(JSON.stringify(job.error));
    if (job.state === 'done') return job.result;
    await setTimeout(50);
  }
}

try {
  const projectPath = join(work, 'generated.calib');
  if (!fs.existsSync(projectPath)) {
    await writeGeneratedProject(work, { layers, images: IMAGES });
    await bench.createProject({
      modelPath: join(work, 'generated.onnx'),
      calibrationPath: join(work, 'images'),
      projectPath,
      preprocessing: {},
    });
    await bench.editProject({ projectPath, edits: [{ kind: 'method', method: 'mse' }] });
    await finished({ kind: 'calibrate', projectPath });
  }
  bench.dispose();

  // As a window that is opened on the project by an application that has just started.
  const app = createWorkbench();
  const request = { projectPath };
  longestRead();
  const open = await timed(async () => {
    await app.openProject(request);
    return Promise.all([app.getModel(request), app.getThresholds(request)]);
  });
  const openRead = longestRead();
  const [model] = open.result;
  const tensors = model.calibrationTensors;
  const histograms = [];
  for (let i = 0; i < ROUNDS; i++)
    histograms.push(
      await timed(() => app.getHistogram({ projectPath, tensor: tensors[Math.floor((i * tensors.length) / ROUNDS)] })),
    );
  const histogramRead = longestRead();
  const convolutions = model.layers.filter(({ op }) => op === 'Conv');
  const toggles = [];
  for (let i = 0; i < ROUNDS; i++) {
    const { layer, choice: base = 'auto' } = convolutions[i * 7];
    const edit = { kind: 'precision', layer, precision: base === 'fp16' ? 'auto' : 'fp16', base };
    toggles.push(
      await timed(async () => {
        await app.editProject({ projectPath, edits: [edit] });
        return app.getModel(request);
      }),
    );
  }
  const toggleRead = longestRead();
  const thresholds = await timed(() => app.getThresholds(request));

  // Hashing: every file of the set is 2 of 200 records.
  const recordsDir = join(work, 'records');
  if (!fs.existsSync(recordsDir)) writeRecords(recordsDir, { records: RECORDS, values: RECORD_VALUES });
  const size = fs.statSync(join(recordsDir, 'records.npy')).size;
  const recordsProject = join(work, 'records.calib');
  if (!fs.existsSync(recordsProject)) {
    await app.createProject({
      modelPath: join(work, 'generated.onnx'),
      calibrationPath: recordsDir,
      projectPath: recordsProject,
      preprocessing: {},
    });
  }
  app.dispose();
  const { hashRecords } = await import(pathToFileURL(join(outDir, 'session-bench.mjs')).href);
  const hashes = await timed(() => hashRecords(recordsDir));
  const again = await timed(() => hashRecords(recordsDir));

  console.log(
    JSON.stringify(
      {
        machine: `${cpus()[0]?.model}, ${cpus().length} cores`,
        layers: model.layers.length,
        tensors: tensors.length,
        histogramFileMb: rounded(histogramBytes(projectPath) / 1e6),
        openMs: rounded(open.ms),
        firstHistogramMs: rounded(histograms[0].ms),
        histogramMs: rounded(median(histograms.slice(1).map(({ ms }) => ms))),
        firstToggleMs: rounded(toggles[0].ms),
        toggleMs: rounded(median(toggles.slice(1).map(({ ms }) => ms))),
        thresholdsMs: rounded(thresholds.ms),
        longestSynchronousRead: { open: openRead, histogram: histogramRead, toggle: toggleRead },
        records: {
          records: RECORDS,
          fileMb: rounded(size / 1e6),
          hashMs: rounded(hashes.ms),
          hashAgainMs: rounded(again.ms),
        },
      },
      null,
      2,
    ),
  );
} finally {
  if (!options.keep) fs.rmSync(work, { recursive: true, force: true });
}
process.exit(0);

function histogramBytes(projectPath) {
  const dir = join(projectPath, 'calibration');
  return fs
    .readdirSync(dir)
    .map((key) => join(dir, key, 'histograms.bin'))
    .filter((path) => fs.existsSync(path))
    .reduce((sum, path) => sum + fs.statSync(path).size, 0);
}
