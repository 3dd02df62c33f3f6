// Latency as the benchmark measures it beside a plain loop of events around one enqueue, on the same engines, in turns.
// Usage: node test/bench/gpu-plain-loop.mjs BATCH MODEL.engine...   Needs a GPU and TensorRT (CALIB_TENSORRT names its
// folder).
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [batch, ...paths] = process.argv.slice(2);
const folder = resolve(process.env.CALIB_TENSORRT ?? '/usr/lib/x86_64-linux-gnu');
const major = readdirSync(folder)
  .find((name) => /^libnvinfer\.so\.\d+$/.test(name))
  .split('.')
  .at(-1);
const addon = createRequire(import.meta.url)(
  resolve(import.meta.dirname, `../../native/build/Release/calib_tensorrt_${major}.node`),
);
const library = addon.open({ nvinfer: join(folder, `libnvinfer.so.${major}`), parser: null });
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const rows = [];
for (const path of paths) {
  const engine = await library.load(readFileSync(path), 0);
  const shapes = Object.fromEntries(
    engine.io
      .filter(({ isInput, shape }) => isInput && shape.includes(-1))
      .map(({ name, shape }) => [name, shape.map((dim) => (dim < 0 ? Number(batch) : dim))]),
  );
  const runner = await engine.createRunner({ profile: 0, shapes, streams: 1 });
  for (const cudaGraph of [true, false]) {
    const measured = [];
    const plain = [];
    for (let round = 0; round < 9; round++) {
      measured.push(
        median(
          (await runner.time({ warmUpMs: round === 0 ? 300 : 20, runs: 200, minMs: 20, cudaGraph, transfers: false }))
            .latenciesMs,
        ),
      );
      plain.push(median(await runner.timePlain({ runs: 200, cudaGraph })));
    }
    rows.push({
      engine: path.split('/').slice(-2).join('/'),
      cudaGraph,
      measuredMs: median(measured),
      plainMs: median(plain),
      ratio: Number((median(measured) / median(plain)).toFixed(4)),
    });
  }
  runner.close();
  engine.close();
}
console.log(JSON.stringify(rows, null, 1));
