// Pairs of QuantizeLinear and DequantizeLinear (weights included) that the TensorRT layout places, beside ModelOpt's.
// Usage: node test/bench/modelopt-layout.mjs. Needs the shared data; calibrates with 32 images, which the layout
// ignores.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calib, makeProject, shared } from './tensorrt-reference.mjs';

const reference = JSON.parse(readFileSync(join(shared, 'reference/modelopt-0.47.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'calib-layout-'));
try {
  const rows = Object.entries(reference.models).map(([model, { quantize_linear: modelopt }]) => {
    const { project } = makeProject(model, work, ['--limit', '32']);
    const { nodes } = calib(
      'quantize',
      project,
      '--target',
      'tensorrt',
      '--variant',
      'int8',
      '-o',
      join(work, `${model}.onnx`),
    );
    return { model, ours: nodes.DequantizeLinear, modelopt, activations: nodes.QuantizeLinear };
  });
  console.table(rows);
} finally {
  rmSync(work, { recursive: true, force: true });
}
