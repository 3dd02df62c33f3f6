/**
 * Time of collecting the histograms of all tensors over bare inference of the same model, as JSON on stdout. Both run
 * in the ONNX Runtime of onnxruntime-node with all graph optimizations, called through its C API, one thread a worker,
 * in turns. The ratio is taken within each round. Needs `npm run build:native`.
 * Usage: node test/bench/collection.mjs [ROUNDS=9] [MODEL.onnx ...]
 *   without models: squeezenet_v11 and cifar_mobilenetv2 of the shared data, and a ResNet-50 with random weights.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isMainThread, parentPort, threadId, Worker, workerData } from 'node:worker_threads';
import { runnerImport } from 'vite';
import { median, spread } from './statistics.mjs';

const root = join(import.meta.dirname, '../..');
const load = async (path) => (await runnerImport(join(root, path))).module;

/** Milliseconds that a worker spends on one run in each round. */
const ROUND_MS = 400;

async function prepared(modelPath, dir) {
  const { prepare } = await load('src-main/compute/tasks/prepare.ts');
  const { loadPrepared } = await load('src-main/onnx/passes/prepared-store.ts');
  const { collectionModel, countingModel } = await load('src-main/calibration/histograms/collection-model.ts');
  const { calibrationTensors } = await load('src-main/quantization/rewrite/calibration-tensors.ts');
  const preparedDir = join(dir, basename(modelPath, '.onnx'));
  await prepare({ modelPath, preparedDir, names: null }, {});
  const model = loadPrepared(preparedDir);
  const tensors = calibrationTensors(model);
  const [input] = model.graph.input;
  const dims = input.tensorType.shape.map((dim) => (dim.kind === 'value' ? dim.value : 1));
  const source = null;
  const feeding = {
    fixedBatch: null,
    inputs: [{ name: input.name, dtype: 'float32', dims: dims.slice(1), hasBatch: true, source }],
  };
  const outputs = model.graph.output.map(({ name }) => name);
  return {
    weightsDir: preparedDir,
    tensors,
    input: { name: input.name, dims },
    copying: collectionModel(model, preparedDir, tensors),
    feeding,
    counting: countingModel(model, preparedDir, { tensors, feeding, channels: [] }),
    bare: { model: collectionModel(model, preparedDir, outputs), output: outputs[0] },
  };
}

/** Functions that run the model once: alone, with the collector, and with the copying collector. */
async function runnersOf({ weightsDir, tensors, input, feeding, copying, counting, bare }) {
  const { loadAddon } = await load('src-main/backends/addon.ts');
  const { findOnnxruntimeLibrary } = await load('src-main/backends/onnxruntime-library.ts');
  const { openCollector } = await load('src-main/calibration/histograms/open-collector.ts');
  const { CopyingCollector } = await load('src-main/calibration/histograms/copying-collector.ts');
  const addon = loadAddon();
  const count = input.dims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 2);
  const options = { weightsDir, tensors, feeding, channels: [], model: copying, copyingModel: () => copying };
  const image = { feeds: [{ name: input.name, dtype: 'float32', dims: input.dims.slice(1), data }], geometry: null };
  const { collector, copyReason } = await openCollector(
    { ...options, counting, optimizedDir: join(weightsDir, `optimized-${threadId}`) },
    addon,
  );
  if (copyReason !== null) throw new Error(copyReason);
  const createSet = (size) => new addon.HistogramSet(size);
  const copies = await CopyingCollector.open({ ...options, createSet, addon });
  const library = findOnnxruntimeLibrary(addon);
  const alone = new addon.Collector({
    library: library.path,
    version: library.version,
    ...bare,
    weightsDir,
    inputs: [{ name: input.name, tensor: null }],
    axes: [],
    derived: [],
  });
  const feeds = [{ input: 0, elementType: 1, dims: input.dims, data }];
  return {
    bare: () => alone.count(feeds, [0], 1, new Uint8Array()),
    counting: () => collector.collect([{ image, group: '' }]),
    copying: () => copies.collect([{ image, group: '' }]),
  };
}

async function msPerRun(run) {
  let runs = 0;
  const startedAt = performance.now();
  do {
    await run();
    runs += 1;
  } while (performance.now() - startedAt < ROUND_MS);
  return (performance.now() - startedAt) / runs;
}

/** Answers a request { kind } with the milliseconds per run. */
async function serve() {
  const runners = await runnersOf(workerData);
  for (const run of Object.values(runners)) for (let i = 0; i < 3; i += 1) await run();
  parentPort.on('message', async (kind) => parentPort.postMessage(await msPerRun(runners[kind])));
  parentPort.postMessage('ready');
}

function startWorker(work) {
  const worker = new Worker(new URL(import.meta.url), { workerData: work, argv: process.argv.slice(2) });
  const next = () =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  return {
    ready: next(),
    measure: (kind) => {
      const answer = next();
      worker.postMessage(kind);
      return answer;
    },
    close: () => worker.terminate(),
  };
}

/** Ratios to bare inference with this many workers at once. */
async function ratiosOf(work, workerCount, rounds) {
  const workers = Array.from({ length: workerCount }, () => startWorker(work));
  await Promise.all(workers.map(({ ready }) => ready));
  const measure = async (kind) => median(await Promise.all(workers.map((worker) => worker.measure(kind))));
  const rows = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = await measure('bare');
    rows.push({ bare, counting: (await measure('counting')) / bare, copying: (await measure('copying')) / bare });
  }
  await Promise.all(workers.map((worker) => worker.close()));
  const of = (kind) => spread(rows.map((row) => row[kind]));
  return { workers: workerCount, bareMs: of('bare'), counting: of('counting'), copying: of('copying') };
}

async function main() {
  const dir = mkdtempSync(join(tmpdir(), 'calib-bench-'));
  const [rounds = 9, ...models] = process.argv.slice(2);
  const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
  try {
    if (models.length === 0) {
      const { resnet50 } = await import('./resnet50.mjs');
      const resnet = join(dir, 'resnet50.onnx');
      writeFileSync(resnet, await resnet50());
      models.push(
        ...['squeezenet_v11', 'cifar_mobilenetv2'].map((name) => join(shared, 'models', `${name}.onnx`)),
        resnet,
      );
    }
    const results = [];
    for (const model of models) {
      const work = await prepared(model, join(dir, 'prepared'));
      const ratios = [];
      for (const workers of [1, 2]) ratios.push(await ratiosOf(work, workers, Number(rounds)));
      results.push({ model: basename(model, '.onnx'), tensors: work.tensors.length, ratios });
    }
    console.log(
      JSON.stringify({ machine: cpus()[0]?.model, cores: cpus().length, rounds: Number(rounds), results }, null, 1),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

await (isMainThread ? main() : serve());
