// What the check of a calibration set says about sets whose faults are known, with margins. Prints JSON.
// Usage: node test/bench/health.mjs [plates] [imagenet] [duplicates] [--draws N]. Needs the shared data and a build.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const args = process.argv.slice(2);
const drawCount = args.includes('--draws') ? Number(args[args.indexOf('--draws') + 1]) : 4;
const parts = ['plates', 'imagenet', 'duplicates'].filter(
  (part) => args.includes(part) || !args.some((arg) => /^[a-z]/.test(arg)),
);
const work = mkdtempSync(join(tmpdir(), 'calib-health-'));

function calib(...argv) {
  const result = spawnSync(process.execPath, [join(root, 'out/main/calib.js'), ...argv, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(result.stderr.slice(-2000));
  return JSON.parse(result.stdout);
}

const data = (...path) => join(shared, 'data', ...path);
const imagesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(jpe?g|png)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/**
 * `count` of `files`, another choice for every `seed` (a linear congruential generator: Numerical Recipes' constants).
 */
function draw(files, count, seed) {
  const rest = [...files];
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return Array.from({ length: Math.min(count, rest.length) }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return rest.splice(Math.floor((state / 2 ** 32) * rest.length), 1)[0];
  });
}

/** @param flags preprocessing, and further sets. */
function project(model, name, calibration, flags) {
  const path = join(work, `${name}.calib`);
  calib('init', join(shared, 'models', `${model}.onnx`), '--calibration', calibration, ...flags, '-o', path);
  calib('calibrate', path);
  return path;
}

/**
 * The images as a flat folder (odd draws) or in folders named as the labels are (even draws), under the group's name.
 */
function fieldFolder(group, files, seed) {
  const folder = join(work, `field-${seed}`, group);
  for (const [i, file] of files.entries()) {
    const target =
      seed % 2 === 1 ? join(folder, `${i}.jpg`) : join(folder, file.split('/').at(-2), file.split('/').at(-1));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
  }
  return folder;
}

const round = (value, digits = 3) => (value === null || value === undefined ? null : Number(value.toFixed(digits)));
const codes = (result, group) => result.findings.filter((finding) => finding.group === group).map(({ code }) => code);
const SET_CODES = ['field-drift', 'field-clipped', 'field-output-error'];

function plates() {
  const flags = ['--scale', '1/255', '--mean', '0', '--std', '1', '--order', 'rgb'];
  const sets = {
    day: data('plates/calibration/day'),
    night: data('plates/calibration/night'),
    both: data('plates/calibration'),
  };
  const rows = [];
  for (const [set, folder] of Object.entries(sets)) {
    const path = project('plate_chars', `plates-${set}`, folder, flags);
    for (const method of ['minmax', 'entropy', 'percentile', 'mse']) {
      calib('set', path, '--method', method);
      for (const group of ['day', 'night']) {
        for (let seed = 1; seed <= drawCount; seed++) {
          const result = calib(
            'health',
            path,
            '--against',
            fieldFolder(group, draw(imagesIn(data('plates/validation', group)), 16, seed), seed),
          );
          const own = result.against.groups[group];
          const found = codes(result, group);
          const clipped = result.against.tensors
            .map((tensor) => ({ tensor: tensor.tensor, clipped: round(tensor.groups[group].clippedFraction) }))
            .filter((tensor) => tensor.clipped > result.limits.clippedFraction);
          const expectsFault = set !== 'both' && set !== group;
          const namesFault = SET_CODES.some((code) => found.includes(code));
          rows.push({
            set,
            method,
            field: group,
            draw: seed,
            limit: result.limits.drift,
            driftAtLeast: round(own.driftAtLeast),
            drift: round(own.drift),
            clipped,
            outputNmse: round(own.outputNmse),
            codes: found,
            right: namesFault === expectsFault,
          });
        }
      }
    }
  }
  const of = (isFault) => rows.filter((row) => (row.set !== 'both' && row.set !== row.field) === isFault);
  return {
    limit: rows[0].limit,
    smallestDriftOfUncoveredGroup: Math.min(...of(true).map((row) => row.driftAtLeast)),
    largestDriftOfCoveredGroup: Math.max(...of(false).map((row) => row.driftAtLeast)),
    wrong: rows.filter((row) => !row.right).length,
    rows,
  };
}

function imagenet() {
  const models = {
    mobilenet_v1_075_bn: ['--crop', '224', '--order', 'rgb', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
    squeezenet_v11: ['--crop', '227', '--order', 'bgr', '--mean', '104,117,123', '--std', '1', '--scale', '1'],
  };
  const rows = [];
  for (const [model, flags] of Object.entries(models)) {
    const path = project(model, model, data('imagenet/calibration'), flags);
    for (const field of ['validation', 'dark_synthetic']) {
      const files = imagesIn(data('imagenet', field));
      const choices = [
        { count: files.length, seed: 0 },
        ...[16, 50].flatMap((count) => Array.from({ length: drawCount }, (_, i) => ({ count, seed: i + 1 }))),
      ];
      for (const { count, seed } of choices) {
        const list = join(work, `${field}.txt`);
        writeFileSync(list, (seed === 0 ? files : draw(files, count, seed)).join('\n'));
        const result = calib('health', path, '--against', list);
        const own = result.against.groups[field];
        const isFlagged = codes(result, field).includes('field-drift');
        rows.push({
          model,
          field,
          images: count,
          draw: seed,
          limit: result.limits.drift,
          driftAtLeast: round(own.driftAtLeast),
          drift: round(own.drift),
          clipped: round(own.clippedFraction),
          outputNmse: round(own.outputNmse),
          codes: codes(result, field),
          right: isFlagged === (field === 'dark_synthetic'),
        });
      }
    }
  }
  const extreme = (field, pick) =>
    Object.fromEntries(
      [...new Set(rows.map((row) => row.images))].map((images) => [
        images,
        pick(rows.filter((row) => row.field === field && row.images === images).map((row) => row.driftAtLeast)),
      ]),
    );
  return {
    limit: rows[0].limit,
    largestDriftOfGenuineImages: extreme('validation', (values) => (values.length === 0 ? null : Math.max(...values))),
    smallestDriftOfDarkImages: extreme('dark_synthetic', (values) =>
      values.length === 0 ? null : Math.min(...values),
    ),
    wrong: rows.filter((row) => !row.right).length,
    rows,
  };
}

/** Pairs found in sets where nothing was copied: small pictures of one kind must not be taken for copies in masses. */
function duplicates() {
  const cifar = ['--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255', '--order', 'rgb'];
  const sets = [
    ['plate_chars', 'plates', ['--scale', '1/255', '--mean', '0', '--std', '1', '--order', 'rgb']],
    ['cifar_resnet20', 'cifar10', cifar],
    [
      'squeezenet_v11',
      'imagenet',
      ['--crop', '227', '--order', 'bgr', '--mean', '104,117,123', '--std', '1', '--scale', '1'],
    ],
  ];
  return sets.map(([model, set, flags]) => {
    const path = project(model, `duplicates-${set}`, data(set, 'calibration'), [
      ...flags,
      '--validation',
      data(set, 'validation'),
    ]);
    const result = calib('health', path);
    const images = imagesIn(data(set, 'calibration')).length + imagesIn(data(set, 'validation')).length;
    return {
      set,
      images,
      pairs: result.duplicates.length,
      imagesThatSetMaxima: result.maxima.length,
      fp16CostsDb: result.convergence.map((point) => [point.images, round(point.worstLossDb, 2)]),
    };
  });
}

try {
  const run = { plates, imagenet, duplicates };
  const report = Object.fromEntries(parts.map((part) => [part, run[part]()]));
  console.log(
    JSON.stringify({ machine: `${cpus().length} x ${cpus()[0]?.model.trim()}`, draws: drawCount, ...report }, null, 1),
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
