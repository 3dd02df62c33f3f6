// Simulated accuracy of the TensorRT layout beside what TensorRT's own INT8 engines reached with the same calibration
// and images. Usage: node test/bench/tensorrt-accuracy.mjs [MODEL...] [--json]. Needs the shared data.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calib, makeProject, modelsOf, results } from './tensorrt-reference.mjs';

const VARIANTS = { fp32: 'fp32', int8e: 'int8-entropy-tensorrt', int8m: 'int8-minmax' };
/** Percentage points. */
const LIMIT = 1;
/** TensorRT falls back to FP32 in some layers of this one, on its own judgement. */
const REPORTED_ONLY = ['planted_fp16_overflow'];

const args = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'calib-accuracy-'));
const rows = [];
try {
  for (const model of modelsOf(args.filter((arg) => !arg.startsWith('--')))) {
    const { project } = makeProject(model, work);
    // The reference engines had INT8 and FP32 only.
    calib('set', project, '--fallback', 'fp32');
    const { variants } = calib(
      'validate',
      project,
      '--target',
      'tensorrt',
      '--variants',
      Object.values(VARIANTS).join(','),
    );
    for (const [kind, variant] of Object.entries(VARIANTS)) {
      const real = results.models[model][kind];
      const simulated = variants.find((item) => item.variant === variant);
      const add = (group, realTop1, simulatedTop1) => {
        const difference = simulatedTop1 - realTop1;
        rows.push({
          model,
          variant,
          group,
          real: realTop1,
          simulated: Number(simulatedTop1.toFixed(2)),
          difference: Number(difference.toFixed(2)),
          within: REPORTED_ONLY.includes(model) ? 'reported' : Math.abs(difference) <= LIMIT,
        });
      };
      add('all', real.top1, simulated.top1);
      for (const [group, { top1 }] of Object.entries(simulated.groups ?? {}))
        if (real[`top1_${group}`] !== undefined) add(group, real[`top1_${group}`], top1);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (args.includes('--json')) console.log(JSON.stringify(rows, null, 1));
else console.table(rows);
process.exitCode = rows.some((row) => row.within === false) ? 1 : 0;
