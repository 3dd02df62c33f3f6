// What the FP16 forecast says of every model, beside what TensorRT's own FP16 engines did. No model is run in FP16.
// Usage: node test/bench/fp16-forecast.mjs [MODEL...] [--json]. Needs the shared data.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calib, makeProject, modelsOf, results } from './tensorrt-reference.mjs';

const args = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'calib-forecast-'));
const rows = [];
try {
  for (const model of modelsOf(args.filter((arg) => !arg.startsWith('--')))) {
    const { project } = makeProject(model, work);
    const { decisions } = calib(
      'quantize',
      project,
      '--target',
      'tensorrt',
      '--variant',
      'fp16',
      '-o',
      join(work, `${model}.fp16.onnx`),
    );
    const refused = decisions.filter(({ code }) => code.startsWith('fp16-refused'));
    rows.push({
      model,
      hasNanOnGpu: results.models[model].fp16?.nan_outputs ?? 'not measured',
      refused: refused.map(({ layer, code, reason }) => ({ layer, code, reason })),
      coarse: decisions.filter(({ code }) => code === 'fp16-coarse').map(({ layer, tensor }) => ({ layer, tensor })),
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (args.includes('--json')) console.log(JSON.stringify(rows, null, 1));
else
  console.table(
    rows.map((row) => ({
      ...row,
      refused: row.refused.map(({ layer, code }) => `${layer}: ${code}`).join('; '),
      coarse: row.coarse.length,
    })),
  );
