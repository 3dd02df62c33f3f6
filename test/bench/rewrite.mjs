// Time and memory of rewriting a variant after one toggle, for a model of about 100 MB: what the compute process does
// between the toggle and the answer. Usage: node test/bench/rewrite.mjs. Prints JSON.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const ROUNDS = 21;
const LIMIT_MS = 50;
/** 24 Conv of 320 to 320 channels, 3x3: 88 MB, in residual pairs, and a Gemm: about 100 MB. */
const MODEL = `
import numpy as np, onnx, sys
from onnx import helper as h, numpy_helper as nh
rng = np.random.default_rng(1)
nodes, weights, last = [], [], "x"
def conv(name, source, inputs, outputs):
    weights.append(nh.from_array((rng.standard_normal((outputs, inputs, 3, 3)) * 0.02).astype(np.float32), name + ".w"))
    weights.append(nh.from_array(np.zeros(outputs, np.float32), name + ".b"))
    nodes.append(h.make_node("Conv", [source, name + ".w", name + ".b"], [name], name=name, pads=[1, 1, 1, 1]))
    nodes.append(h.make_node("Relu", [name], [name + "_r"], name=name + "_r"))
    return name + "_r"
last = conv("stem", "x", 3, 320)
for i in range(13):
    inner = conv(f"b{i}a", last, 320, 320)
    weights.append(nh.from_array((rng.standard_normal((320, 320, 3, 3)) * 0.02).astype(np.float32), f"b{i}b.w"))
    nodes.append(h.make_node("Conv", [inner, f"b{i}b.w"], [f"b{i}b"], name=f"b{i}b", pads=[1, 1, 1, 1]))
    nodes.append(h.make_node("Add", [f"b{i}b", last], [f"s{i}"], name=f"s{i}"))
    nodes.append(h.make_node("Relu", [f"s{i}"], [f"s{i}_r"], name=f"s{i}_r"))
    last = f"s{i}_r"
nodes.append(h.make_node("GlobalAveragePool", [last], ["gap"], name="gap"))
nodes.append(h.make_node("Flatten", ["gap"], ["y"], name="flat"))
g = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", 1, ["n", 3, 32, 32])], [h.make_tensor_value_info("y", 1, ["n", 320])], weights)
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)], ir_version=8), sys.argv[1])
`;

const work = mkdtempSync(join(tmpdir(), 'calib-rewrite-'));
const host = fork(join(root, 'out/main/compute-host.js'), [], {
  serialization: 'advanced',
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});
let asked = 0;

function ask(method, params) {
  const id = ++asked;
  return new Promise((done, fail) => {
    const listen = (message) => {
      if (message.id !== id || message.type === 'progress') return;
      host.off('message', listen);
      if (message.type === 'result') done(message.result);
      else fail(new Error(JSON.stringify(message)));
    };
    host.on('message', listen);
    host.send({ type: 'request', id, method, params });
  });
}

const residentMb = () =>
  Number(spawnSync('ps', ['-o', 'rss=', '-p', String(host.pid)], { encoding: 'utf8' }).stdout) / 1024;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  const modelPath = join(work, 'model.onnx');
  writeFileSync(join(work, 'make.py'), MODEL);
  const made = spawnSync('python3', [join(work, 'make.py'), modelPath], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  const preparedDir = join(work, 'prepared');
  await ask('prepare', { modelPath, preparedDir });
  const names = [
    'x',
    'stem',
    'stem_r',
    'gap',
    'y',
    ...Array.from({ length: 13 }, (_, i) => [`b${i}a`, `b${i}a_r`, `b${i}b`, `s${i}`, `s${i}_r`]).flat(),
  ];
  const thresholds = Object.fromEntries(names.map((name) => [name, 4]));
  const rewrite = async (plan) => {
    const startedAt = performance.now();
    await ask('rewrite', {
      preparedDir,
      target: 'tensorrt',
      plan,
      thresholds,
      ranges: {},
      activationType: 'int8',
      purpose: 'engine',
      outPath: join(work, 'variant.onnx'),
      materialize: false,
    });
    return performance.now() - startedAt;
  };
  const firstMs = await rewrite({ layers: {} });
  const residentBeforeMb = residentMb();
  const times = [];
  for (let i = 0; i < ROUNDS; i++)
    times.push(await rewrite({ layers: { [`b${i % 13}a`]: i % 2 === 0 ? 'fp16' : 'fp32' } }));
  const result = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    modelMb: statSync(modelPath).size / 1e6,
    variantMb: statSync(join(work, 'variant.onnx')).size / 1e6,
    firstMs,
    rounds: ROUNDS,
    medianMs: median(times),
    worstMs: Math.max(...times),
    limitMs: LIMIT_MS,
    residentGrowthMb: residentMb() - residentBeforeMb,
    met: median(times) < LIMIT_MS,
  };
  console.log(JSON.stringify(result, null, 1));
} finally {
  host.kill();
  rmSync(work, { recursive: true, force: true });
}
