// TensorRT's calibration caches reproduced: for every model with a reference cache, how many of its scales the
// workbench's own cache has to a relative 1e-5. Usage: node test/bench/tensorrt-caches.mjs [MODEL...] [--json]. Needs
// the shared data.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calib, makeProject, modelsOf, readCache, referenceCache } from './tensorrt-reference.mjs';

const TOLERANCE = 1e-5;
const KINDS = [
  { kind: 'int8e', method: 'entropy-tensorrt' },
  { kind: 'int8m', method: 'minmax' },
];

function compare(reference, ours) {
  const both = [...reference.keys()].filter((name) => ours.has(name));
  const error = (name) => Math.abs(ours.get(name) - reference.get(name)) / reference.get(name);
  const differing = both
    .filter((name) => error(name) > TOLERANCE)
    .map((name) => ({ name, reference: reference.get(name), ours: ours.get(name) }));
  return {
    both: both.length,
    equal: both.length - differing.length,
    bitEqual: both.filter((name) => ours.get(name) === reference.get(name)).length,
    differing,
    onlyInReference: [...reference.keys()].filter((name) => !ours.has(name)),
    onlyInOurs: [...ours.keys()].filter((name) => !reference.has(name)),
  };
}

const args = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'calib-caches-'));
const rows = [];
try {
  for (const model of modelsOf(args.filter((arg) => !arg.startsWith('--')))) {
    const references = KINDS.map(({ kind, method }) => ({ kind, method, cache: referenceCache(model, kind) })).filter(
      ({ cache }) => cache !== null,
    );
    if (references.length === 0) continue;
    const { project, seconds } = makeProject(model, work);
    for (const { method, cache } of references) {
      calib('set', project, '--method', method);
      const out = join(work, `${model}-${method}.cache`);
      calib('export', project, '--format', 'trt-cache', '-o', out);
      rows.push({ model, method, seconds, ...compare(cache, readCache(out)) });
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

const total = (method, field) => rows.filter((row) => row.method === method).reduce((sum, row) => sum + row[field], 0);
const totals = KINDS.map(({ method }) => ({ method, equal: total(method, 'equal'), both: total(method, 'both') }));
if (args.includes('--json')) console.log(JSON.stringify({ rows, totals }, null, 1));
else {
  console.table(
    rows.map(({ model, method, both, equal, bitEqual, onlyInReference, onlyInOurs }) => ({
      model,
      method,
      both,
      equal,
      bitEqual,
      onlyInReference: onlyInReference.length,
      onlyInOurs: onlyInOurs.length,
    })),
  );
  for (const { method, equal, both } of totals) console.log(`${method}: ${equal} of ${both} within ${TOLERANCE}`);
  for (const row of rows) {
    for (const item of row.differing)
      console.log(`${row.model} ${row.method} ${item.name}: TensorRT ${item.reference}, here ${item.ours}`);
    for (const name of row.onlyInReference) console.log(`${row.model} ${row.method}: only TensorRT has ${name}`);
  }
}
