import { formatBytes, formatCount, formatCountOf, formatDuration } from '../../../src-shared/base/units';
import { ownValue } from '../../../src-shared/base/records';
import { hasRepair, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { RunRecord, SetRecord } from '../../../src-shared/domain/runs/run-record';
import { preprocessingFlags, scaleText } from '../../../src-shared/domain/project/preprocessing-text';
import { html, type Html } from './markup';

/** Everything needed to repeat the run: machine, hashes, preprocessing, options, commands. */
export function renderProvenance(record: RunRecord): Html {
  const { machine, tool, calibration, options } = record;
  const facts: readonly (readonly [string, Html | string])[] = [
    ['Model', html`${record.model.path}<div class="hash">sha256 ${record.model.sha256}</div>`],
    ['Calibration set', setFact(record.sets.calibration)],
    ['Validation set', record.sets.validation === null ? 'none' : setFact(record.sets.validation)],
    ['Preprocessing', preprocessingSentence(record.preprocessing)],
    [
      'Calibration',
      html`${formatCount(calibration.images)} images, ${formatCount(calibration.tensors)} tensors, ${formatDuration(calibration.seconds)}<div class="hash">sha256 of the histograms ${calibration.sha256}</div>`,
    ],
    [
      'Options',
      [
        `target ${options.target}`,
        `method ${options.method}${options.chosenMethod === undefined ? '' : ` (${options.chosenMethod})`}`,
        ...otherOptions(record),
      ].join(', '),
    ],
    ...kernelTimesFact(options.plan),
    [
      'Machine',
      `${machine.cpu}, ${formatCount(machine.cores)} ${machine.cores === 1 ? 'core' : 'cores'}, ${formatBytes(machine.memoryBytes)}, ${machine.os}${machine.gpu === undefined ? '' : `, ${machine.gpu}`}`,
    ],
    ['Software', `Calibration Workbench ${tool.version}, ONNX Runtime ${tool.onnxruntime}, Node ${tool.node}`],
  ];
  return html`<h2>How this was made</h2><table class="facts">${facts.map(
    ([name, fact]) => html`<tr><th>${name}</th>
<td class="wrap">${fact}</td></tr>`,
  )}</table>
<h3>To repeat it</h3><pre>${reproduceCommands(record).join('\n')}</pre>`;
}

/** The measured times that kept layers in FP16: with another table, a repetition may place layers otherwise. */
function kernelTimesFact({ measured }: PrecisionPlan): readonly (readonly [string, string])[] {
  if (measured === undefined) return [];
  const { gpu, tensorrt, table, batches } = measured;
  const layers = new Set(batches.flatMap((batch) => Object.keys(batch.layers)));
  const known = `${formatCountOf(layers.size, 'layer')}, batch ${batches.map(({ batch }) => batch).join(', ')}`;
  return [['Kernel times', `measured on ${gpu}, TensorRT ${tensorrt}, for ${known} (table ${table})`]];
}

function setFact(set: SetRecord): Html {
  return html`${set.root}, ${formatCount(set.images)} images<div class="hash">sha256 of the list ${set.manifestSha256}</div>`;
}

function otherOptions(record: RunRecord): readonly string[] {
  return [
    `${formatCount(record.options.threads)} threads`,
    ...Object.entries(record.options.other).map(([name, value]) => `${name} ${value}`),
  ];
}

function preprocessingSentence(preprocessing: Preprocessing): string {
  const { resize, crop } = preprocessing;
  const parts: string[] = [];
  if (resize.kind === 'stretch') parts.push(`stretched to ${resize.width}×${resize.height}`);
  if (resize.kind === 'long')
    parts.push(
      `long side to ${resize.longSide}, padded with ${resize.pad} to a multiple of ${resize.multiple}; the size depends on ` +
        'the image',
    );
  if (resize.kind === 'short') parts.push(`short side to ${resize.shortSide}`);
  if (resize.kind === 'letterbox')
    parts.push(
      `letterboxed to ${resize.width}×${resize.height} (${resize.align === 'center' ? 'centred' : 'at the top left'}), ` +
        `padded with ${resize.pad}`,
    );
  if (crop !== null)
    parts.push(
      `centre crop ${crop.width}×${crop.height}${preprocessing.cropRounding === 'half-even' ? '' : ' (odd margins rounded down)'}`,
    );
  parts.push(
    preprocessing.order.toUpperCase(),
    `(pixel × ${scaleText(preprocessing.scale)} − ${list(preprocessing.mean)}) / ${list(preprocessing.std)}`,
  );
  return [
    ...parts,
    preprocessing.layout.toUpperCase(),
    ...(preprocessing.orientation === 'apply' ? ['turned as EXIF says'] : []),
  ].join(', ');
}

function list(values: readonly number[]): string {
  return values.length === 1 ? String(values[0]) : `[${values.join(', ')}]`;
}

/**
 * The decisions about methods, thresholds and precision. Names with a wildcard are omitted, because they would match
 * other names.
 */
function settingCommands(project: string, options: RunRecord['options']): readonly (readonly string[])[] {
  const { tensorMethods, manualThresholds, plan } = options;
  const float = [
    ...(plan.fallbackPrecision ? ['--fallback', plan.fallbackPrecision] : []),
    ...(plan.attention ? ['--attention', plan.attention] : []),
    ...(plan.measured ? ['--kernel-times', plan.measured.gpu] : []),
  ];
  const repairs = [
    ...(hasRepair(plan, 'equalization') ? ['--equalization', 'on'] : []),
    ...(hasRepair(plan, 'smoothing') ? ['--smoothing', 'on'] : []),
    ...(hasRepair(plan, 'biasCorrection') ? ['--bias-correction', 'on'] : []),
  ];
  return [
    // They come first, because manual thresholds refer to the values of the equalized and smoothed model.
    ...(repairs.length === 0 ? [] : [['set', project, ...repairs]]),
    [
      'set',
      project,
      '--target',
      options.target,
      '--method',
      options.method,
      '--percentile',
      String(options.percentile),
      ...float,
    ],
    ...Object.entries(tensorMethods).map(([tensor, method]) => {
      const manual = method === 'manual' ? ownValue(manualThresholds, tensor) : undefined;
      return [
        'set',
        project,
        '--tensor',
        tensor,
        ...(manual === undefined ? ['--method', method] : ['--threshold', String(manual)]),
      ];
    }),
    ...Object.entries(plan.layers).map(([layer, precision]) => [
      'set',
      project,
      '--layer',
      layer,
      '--precision',
      precision,
    ]),
  ];
}

/** The commands that recreate the project and run it. */
export function reproduceCommands(record: RunRecord): readonly string[] {
  const { sets, options } = record;
  const project = `${record.project}.calib`;
  const order = ownValue(options.other, 'label-order');
  const validation = sets.validation === null ? [] : ['--validation', sets.validation.root];
  const init = [
    'init',
    record.model.path,
    '--calibration',
    sets.calibration.root,
    ...validation,
    ...(order === undefined ? [] : ['--label-order', String(order)]),
    ...preprocessingFlags(record.preprocessing),
    // Tables of another machine would give another placement.
    ...(options.plan.measured === undefined ? ['--no-kernel-times'] : []),
    '-o',
    project,
  ];
  // The record contains the plan that a search, a fix or a tuning found, so that the repetition needs none.
  const found = ['search', 'fix', 'tune', 'label-order'];
  const repeated = Object.entries(options.other).filter(([name, value]) => !found.includes(name) && value !== false);
  const others = repeated.flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
  const run = [
    'run',
    project,
    '--backend',
    options.backend,
    '--target',
    options.target,
    '--threads',
    String(options.threads),
    ...others,
  ];
  return [init, ...settingCommands(project, options), run].map((words) =>
    ['calib', ...words.map(shellQuote)].join(' '),
  );
}

/** Quotes a word for a POSIX shell. */
function shellQuote(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
