// Make it pass: what `calib fix` reaches on models with known failures, simulated for the TensorRT target and judged on
// complete validation sets, which did not choose. Usage: node test/bench/fix.mjs [CASE...]. Needs the shared data, and
// Python (CALIB_PYTHON, python3 by default) with numpy, Pillow and onnx. Prints JSON: the stages with the minutes after
// which each ended, and the plan that was chosen.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const shared = process.env.CALIB_SHARED ?? join(root, '../shared');
const data = (...parts) => join(shared, 'data', ...parts);
const CELLS = {
  sets: [data('cells/train'), data('cells/val')],
  flags: ['--letterbox', '320x320', '--letterbox-align', 'center', '--scale', '1/255', '--order', 'rgb'],
  gates: { maxDrop: 0.3 },
  fix: ['--max-layers', '0'],
};
const CIFAR = {
  sets: [data('cifar10/calibration'), data('cifar10/validation')],
  flags: ['--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255'],
};
const COCO = {
  sets: [data('coco/images/train'), data('coco/images/val')],
  flags: [
    ...['--labels', data('coco/instances_val.json'), '--letterbox', '416x416', '--order', 'rgb'],
    ...['--mean', '.485,.456,.406', '--std', '.229,.224,.225', '--scale', '1/255'],
  ],
  gates: { maxDrop: 1.5 },
  fix: ['--max-layers', '3'],
};
const CASES = {
  plate_chars: {
    sets: [data('plates/calibration'), data('plates/validation')],
    flags: [],
    gates: { maxDrop: 0.3, maxWorstGroupDrop: 1 },
  },
  planted_outlier: {
    ...CIFAR,
    gates: { maxDrop: 0.55 },
    fix: ['--max-layers', '0'],
  },
  // Channels with ranges that differ by a factor of 256: every method loses more than 3 points.
  reparameterised: {
    ...CIFAR,
    model: 'cifar_resnet20',
    plant: true,
    gates: { maxDrop: 0.3 },
    fix: ['--max-layers', '0'],
  },
  // As the rules of the target place Q/DQ, and with every convolution in INT8.
  yolox_nano: COCO,
  yolox_nano_int8: { ...COCO, model: 'yolox_nano', set: [['--layer', 'Conv_*', '--precision', 'int8']] },
  // Learned values with at most one layer in FP16.
  yolox_nano_learned: {
    ...COCO,
    model: 'yolox_nano',
    set: [['--layer', 'Conv_*', '--precision', 'int8']],
    gates: { maxDrop: 2 },
    fix: ['--max-layers', '1'],
  },
  // Every product in INT8, also those of two activations.
  cifar_vit: {
    ...CIFAR,
    set: [
      ['--attention', 'int8'],
      ['--layer', '*MatMul*', '--precision', 'int8'],
    ],
    gates: { maxDrop: 0 },
    fix: ['--max-layers', '0'],
  },
  // At least one point above FP32: its crop decides whether FP32 has 74.92 (half-even) or 75.85 (down).
  mobilenet_v1_075_bn: {
    sets: [data('imagenet/calibration'), data('imagenet/validation')],
    flags: [
      ...['--crop', '224', '--crop-rounding', 'down'],
      ...['--order', 'rgb', '--mean', '127.5', '--std', '127.5', '--scale', '1'],
    ],
    gates: { minMeasure: 76.9 },
    fix: ['--max-layers', '0'],
  },
  cells_detector: CELLS,
  cells_unet: { ...CELLS, hasMasks: true },
};

/** @returns stdout. Exit code 3, no plan meets the gates, is an answer, too. */
function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0 && status !== 3) throw new Error(stderr);
  return stdout;
}
const calib = (...args) => run(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json']);
const python = process.env.CALIB_PYTHON ?? 'python3';
const rounded = (value) => (value === undefined || value === null ? null : Number(value.toFixed(2)));

function measure(name, work) {
  const { sets, flags, gates, fix = [], hasMasks, plant, set = [], model: file = name } = CASES[name];
  const project = join(work, `${name}.calib`);
  const masks = join(work, 'masks');
  if (hasMasks) run(python, [join(root, 'test/bench/cell_masks.py'), sets[1], masks, '--size', '320']);
  const given = join(shared, 'models', `${file}.onnx`);
  const model = plant ? join(work, `${name}.onnx`) : given;
  if (plant) run(python, [join(root, 'test/bench/plant_channels.py'), given, model]);
  const labels = hasMasks ? ['--labels', masks] : [];
  calib('init', model, '--calibration', sets[0], '--validation', sets[1], ...flags, ...labels, '-o', project);
  const gateFlags = Object.entries(gates).flatMap(([gate, limit]) => ['--gate', `${gate}=${limit}`]);
  calib('set', project, '--target', 'tensorrt', ...gateFlags);
  for (const more of set) calib('set', project, ...more);
  calib('calibrate', project);
  const { stages, plans, chosen, fp32, reason, seconds } = JSON.parse(calib('fix', project, ...fix));
  let minutes = 0;
  return {
    model: name,
    gates,
    fp32: rounded(fp32.measure?.value),
    met: chosen !== null,
    chosen: chosen && {
      measure: rounded(chosen.measure),
      drop: rounded(chosen.drop),
      worstGroupDrop: rounded(chosen.worstGroupDrop),
      interval95: chosen.difference?.interval95.map(rounded),
      fp16Layers: chosen.fp16Layers,
      methods: chosen.methods,
      repairs: chosen.repairs,
    },
    reason,
    seconds: rounded(seconds),
    load: loadavg().map(rounded),
    curve: stages.map((stage) => {
      minutes += stage.seconds / 60;
      const plan = stage.plan === null ? undefined : plans[stage.plan];
      return {
        stage: stage.stage,
        outcome: stage.outcome,
        minutes: rounded(minutes),
        measure: rounded(plan?.measure),
        fp16Layers: plan?.fp16Layers.length,
      };
    }),
  };
}

const work = mkdtempSync(join(tmpdir(), 'calib-fix-bench-'));
try {
  const names = process.argv.slice(2);
  for (const name of names.length > 0 ? names : Object.keys(CASES))
    console.log(JSON.stringify(measure(name, work), null, 1));
} finally {
  rmSync(work, { recursive: true, force: true });
}
