import { resolve } from 'node:path';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import { requireMatches } from '../../../src-shared/domain/glob';
import { GATE_NAMES } from '../../../src-shared/domain/project/gates';
import { type GateOption, parseGate } from '../gate-option';
import { measuredText, singlesText } from '../../../src-shared/domain/analysis/best-method';
import { METHODS } from '../../../src-shared/domain/project/methods';
import type { Task } from '../../../src-shared/domain/tasks/task';
import {
  ATTENTION_PRECISIONS,
  choiceOf,
  hasRepair,
  planJson,
  PRECISION_CHOICES,
  WEIGHT_METHODS,
  FALLBACK_PRECISIONS,
  type PrecisionPlan,
} from '../../../src-shared/domain/project/precision';
import { parsePreprocessingFlags } from '../../calibration/preprocessing/preprocess-flags';
import { defineCommand, EXIT_OK, present } from '../command';
import { switchSmoothingOn } from '../smoothing';
import { noteSets } from '../image-set-text';
import { allowNamedMetric, METRIC_OPTIONS, metricTask } from '../metric-option';
import { inputOption } from '../input-options';
import { choice, flag, realNumber, text, type OptionSpec, type OptionValues } from '../options';
import { PREPROCESSING_OPTIONS, targetOption } from '../shared-options';
import { DECODER_DETAILS, decoderOption, requireDetection } from '../decoder-option';
import { taskEdit, taskOption } from '../task-option';
import { labelOrderOption } from './init';

const onOff = (description: string): OptionSpec<'on' | 'off'> => choice('on|off', ['on', 'off'], description);

const OPTIONS = {
  method: choice('M', METHODS, 'method of all tensors; with --tensor, of those that match'),
  tensor: text('GLOB', 'tensors that --method, --threshold or --clear apply to'),
  threshold: realNumber('X', 'threshold of the tensors in real units, chosen by hand'),
  clear: flag('let the tensors use the method of the project again'),
  percentile: realNumber('P', 'percentage of values that method percentile keeps (default: 99.99)'),
  layer: text('GLOB', 'layers that --precision or --weights applies to'),
  precision: choice(
    'P',
    PRECISION_CHOICES,
    'precision of the layers: auto (the rules of the target decide), int8 (overrules the rules that keep a ' +
      'layer in floating point for speed), fp16 or fp32',
  ),
  weights: choice(
    'M',
    WEIGHT_METHODS,
    'thresholds of the INT8 weights of the layers: minmax (default; the largest |w| of each output channel) or mse ' +
      '(the smallest squared error; clips single large weights)',
  ),
  preset: choice('NAME', ['first-and-head-fp16', 'all-int8'], 'plan to start from: first-and-head-fp16 or all-int8'),
  fallback: choice(
    'P',
    FALLBACK_PRECISIONS,
    `precision of layers that do not run in INT8: ${FALLBACK_PRECISIONS.join(' or ')} (default: fp16 for ` +
      'tensorrt, fp32 for onnxruntime); --rest is another name of it',
  ),
  rest: choice('P', FALLBACK_PRECISIONS, 'another name of --fallback', { isHidden: true }),
  attention: choice(
    'P',
    ATTENTION_PRECISIONS,
    `products of two activations for target tensorrt: ${ATTENTION_PRECISIONS.join(' or ')} (default: float)`,
  ),
  'kernel-times': text(
    'GPU',
    'take the measured times of kernels into the plan, for target tensorrt: of the GPU with this in its name, auto (the ' +
      'only GPU that was measured on this machine), or none; see calib kernels',
  ),
  equalization: onOff(
    'scale channels between layers so that none stands out; FP32 stays bit-identical; needs a new calibration',
  ),
  smoothing: onOff(
    'scale channels behind normalizations and layers by what calibration images show; on: searches the factors, ' +
      'which takes some minutes; FP32 stays bit-identical',
  ),
  'bias-correction': onOff('give back the mean that INT8 takes from every output channel'),
  gate: {
    value: 'NAME=VALUE',
    description:
      'limit of a run (NAME=VALUE, NAME=baseline+5% against another run, NAME=none), repeatable: ' +
      GATE_NAMES.join(', '),
    parse: (given, _, previous) => [...(previous ?? []), parseGate(given)],
  } satisfies OptionSpec<readonly GateOption[]>,
  target: targetOption,
  calibration: text('PATH', 'another calibration set (folder or list)'),
  validation: text('PATH', 'another validation set, or none'),
  labels: text('PATH', 'labels of the validation images (see init), or none to look for them at the usual places'),
  'class-names': text('FILE', 'class names in the order of the model, or none'),
  'label-order': labelOrderOption,
  input: inputOption,
  task: taskOption('set'),
  ...METRIC_OPTIONS,
  'allow-metric': flag('allow the metric of the project to run on this machine, in its present form'),
  decoder: decoderOption,
  model: text('PATH', 'where the same model is now'),
  ...PREPROCESSING_OPTIONS,
} as const;

type Values = OptionValues<typeof OPTIONS>;

export const set = defineCommand({
  name: 'set',
  summary: 'change methods, thresholds, precision per layer, gates, target, sets or preprocessing',
  positionals: ['PROJECT'],
  options: OPTIONS,
  details: `Methods: ${METHODS.join(', ')}.
Another preprocessing needs a new calibration.
${DECODER_DETAILS}`,
  async run(values, [project = ''], { api, runJob, print, note, isJson }) {
    requireDetection(values);
    const projectPath = resolve(project);
    const metric = metricTask(values);
    const wasSmoothed =
      values.equalization !== undefined &&
      hasRepair((await api.openProject({ projectPath, remembers: false })).file.plan, 'smoothing');
    const edits: ProjectEdit[] = [
      ...editsOf(values),
      ...(values.input === undefined ? [] : [{ kind: 'inputs' as const, inputs: values.input }]),
      ...(metric !== undefined
        ? [{ kind: 'task', task: metric } as const]
        : values.task === undefined || values.decoder !== undefined
          ? []
          : [await taskEdit(values.task)]),
      ...(values.decoder === undefined ? [] : [{ kind: 'decoder' as const, decoder: values.decoder }]),
      ...(await precisionEdits(values, projectPath, api)),
      ...(await preprocessingEdits(values, projectPath, api)),
    ];
    if (edits.length === 0 && values['allow-metric'] !== true && values.smoothing === undefined)
      throw new WorkbenchError('usage', 'Expected something to set', {
        hint: 'What the project says now: calib show PROJECT',
      });
    const edited =
      edits.length === 0
        ? await api.openProject({ projectPath, remembers: false })
        : await api.editProject({ projectPath, edits });
    if (metric !== undefined || values['allow-metric'] === true) note(await allow(edited.file.task));
    if (wasSmoothed && values.smoothing === undefined && !hasRepair(edited.file.plan, 'smoothing'))
      note('Smoothing is off now: its factors were for the model without this change. To find others: --smoothing on');
    if (values.smoothing === 'on') note(await switchSmoothingOn(projectPath, { api, runJob }));
    const choosesBest = values.method === 'best' && edited.calibrated;
    if (choosesBest) await runJob({ kind: 'best', projectPath });
    const isOlder = choosesBest || values.smoothing === 'on';
    const view = isOlder ? await api.openProject({ projectPath, remembers: false }) : edited;
    if (choosesBest && view.best && !isJson)
      note(`${measuredText(view.best.decision)}: ${singlesText(view.best.decision)}`);
    if (edits.some(({ kind }) => kind === 'sets')) await noteSets(view, api, note);
    const { method, percentile, tensorMethods, manualThresholds, plan, target, gates, baselineGates, task, inputs } =
      view.file;
    const { chosenMethod, best } = view;
    print(
      {
        project: view.path,
        method,
        ...present({ chosenMethod, best }),
        percentile,
        tensorMethods,
        manualThresholds,
        plan: planJson(plan),
        target,
        gates,
        ...present({ baselineGates, task, inputs }),
      },
      () => {
        const chosen = chosenMethod === undefined ? '' : ` (${chosenMethod})`;
        const own = `${formatCountOf(Object.keys(tensorMethods).length, 'tensor')} with their own`;
        return [
          `${view.path}: method ${method}${chosen}, ${own}, ${layersText(plan)}, target ${target}${repairsText(plan)}`,
        ];
      },
    );
    return EXIT_OK;
  },
});

async function allow(task: Task | undefined): Promise<string> {
  if (task?.kind !== 'custom')
    throw new WorkbenchError('usage', 'Expected a project with the task custom beside --allow-metric', {
      hint: 'A metric is set with --metric FILE.mjs or --metric-command COMMAND.',
    });
  const hash = await allowNamedMetric(task.metric);
  return `The metric may run on this machine as it is now (sha256 ${hash.slice(0, 12)}...).`;
}

function repairsText(plan: PrecisionPlan): string {
  const on = [
    ...(hasRepair(plan, 'equalization') ? ['equalization'] : []),
    ...(hasRepair(plan, 'smoothing') ? ['smoothing'] : []),
    ...(hasRepair(plan, 'biasCorrection') ? ['bias correction'] : []),
  ];
  return on.length === 0 ? '' : `, ${on.join(' and ')} on`;
}

/** The number of layers in the plan: those outside INT8, and those for which INT8 was requested. */
function layersText({ layers }: PrecisionPlan): string {
  const forced = Object.values(layers).filter((precision) => precision === 'int8').length;
  const kept = `${formatCountOf(Object.keys(layers).length - forced, 'layer')} not INT8`;
  return forced === 0 ? kept : `${kept}, ${forced} INT8 by name`;
}

/** An absolute path; null for `none`. */
function pathOrNone(value: string | undefined): string | null | undefined {
  return value === 'none' ? null : value && resolve(value);
}

function editsOf(values: Values): ProjectEdit[] {
  const { target, percentile } = values;
  // The target is set first, because the effect of a preset depends on it.
  const edits: ProjectEdit[] = [
    ...(target === undefined ? [] : [{ kind: 'target', target } as const]),
    ...tensorEdits(values),
    ...layerEdits(values),
  ];
  if (percentile !== undefined) edits.push({ kind: 'percentile', percentile });
  const sets = present({
    calibrationPath: values.calibration && resolve(values.calibration),
    validationPath: pathOrNone(values.validation),
    labelsPath: pathOrNone(values.labels),
    classNamesPath: pathOrNone(values['class-names']),
    labelOrder: values['label-order'],
  });
  if (Object.keys(sets).length > 0) edits.push({ kind: 'sets', ...sets });
  if (values.gate !== undefined) edits.push(gatesEdit(values.gate));
  if (values.model !== undefined) edits.push({ kind: 'model', modelPath: values.model });
  return edits;
}

/** The project's preprocessing with the given fields changed. */
async function preprocessingEdits(values: Values, projectPath: string, api: WorkbenchApi): Promise<ProjectEdit[]> {
  const changed = parsePreprocessingFlags(values);
  if (Object.keys(changed).length === 0) return [];
  const { file } = await api.openProject({ projectPath, remembers: false });
  return [{ kind: 'preprocessing', preprocessing: { ...file.preprocessing, ...changed } }];
}

function gatesEdit(given: readonly GateOption[]): ProjectEdit {
  const gates = given.flatMap(({ name, limit }) => (limit === undefined ? [] : [[name, limit] as const]));
  const baseline = given.flatMap(({ name, baseline: own }) => (own === undefined ? [] : [[name, own] as const]));
  return {
    kind: 'gates',
    gates: Object.fromEntries(gates),
    ...(baseline.length === 0 ? {} : { baseline: Object.fromEntries(baseline) }),
  };
}

function tensorEdits(values: Values): ProjectEdit[] {
  const edits: ProjectEdit[] = [];
  const { method, tensor, threshold } = values;
  if (tensor === undefined) {
    if (threshold !== undefined || values.clear)
      throw new WorkbenchError('usage', 'Expected --tensor GLOB beside --threshold and --clear');
    if (method !== undefined) edits.push({ kind: 'method', method });
    return edits;
  }
  if (values.clear) edits.push({ kind: 'clear-tensor', tensor });
  if (method !== undefined) edits.push({ kind: 'tensor-method', tensor, method });
  if (threshold !== undefined) edits.push({ kind: 'threshold', tensor, thresholdReal: threshold });
  if (edits.length === 0)
    throw new WorkbenchError('usage', 'Expected --threshold X, --method M or --clear beside --tensor');
  return edits;
}

function layerEdits(values: Values): ProjectEdit[] {
  const edits: ProjectEdit[] = [];
  const { preset, attention } = values;
  if (preset !== undefined) edits.push({ kind: 'preset', preset });
  const fallback = values.fallback ?? values.rest;
  if (fallback !== undefined) edits.push({ kind: 'fallback-precision', precision: fallback });
  if (attention !== undefined) edits.push({ kind: 'attention', attention });
  for (const [option, repair] of [
    ['equalization', 'equalization'],
    ['bias-correction', 'biasCorrection'],
  ] as const) {
    const state = values[option];
    if (state !== undefined) edits.push({ kind: 'repair', repair, isOn: state === 'on' });
  }
  const times = values['kernel-times'];
  if (times !== undefined)
    edits.push({ kind: 'kernel-times', ...(times === 'auto' ? {} : { gpu: times === 'none' ? null : times }) });
  if (values.smoothing === 'off') edits.push({ kind: 'smoothing', key: null });
  return edits;
}

/** Expands --layer to the layers that it matches. The edits are based on the choices that the project has now. */
async function precisionEdits(values: Values, projectPath: string, api: WorkbenchApi): Promise<ProjectEdit[]> {
  const { precision, weights, layer: pattern } = values;
  if ((precision ?? weights) === undefined ? pattern !== undefined : pattern === undefined)
    throw new WorkbenchError('usage', 'Expected --layer GLOB together with --precision P or --weights M');
  if (pattern === undefined) return [];
  const [{ file }, { layers }] = await Promise.all([
    api.openProject({ projectPath, remembers: false }),
    api.getModel({ projectPath }),
  ]);
  const names = layers.map(({ layer }) => layer);
  const matched = requireMatches(pattern, names, {
    what: 'layer',
    hint: '`calib quantize PROJECT --explain` lists the layers.',
  });
  return matched.flatMap((layer): ProjectEdit[] => [
    ...(precision === undefined
      ? []
      : [{ kind: 'precision', layer, precision, base: choiceOf(file.plan, layer) } as const]),
    ...(weights === undefined ? [] : [{ kind: 'weights', layer, method: weights } as const]),
  ]);
}
