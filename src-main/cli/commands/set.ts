import { resolve } from 'node:path';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import { requireMatches } from '../../../src-shared/domain/glob';
import { LABEL_ORDERS } from '../../../src-shared/domain/project/image-set';
import type { Gates } from '../../../src-shared/domain/project/project';
import { measuredText, singlesText } from '../../../src-shared/domain/analysis/best-method';
import { METHODS } from '../../../src-shared/domain/project/methods';
import {
  ATTENTION_PRECISIONS,
  choiceOf,
  hasRepair,
  planJson,
  PRECISION_CHOICES,
  FALLBACK_PRECISIONS,
  TARGETS,
  type PrecisionPlan,
} from '../../../src-shared/domain/project/precision';
import {
  parsePreprocessingFlags,
  type PreprocessingFlagValues,
} from '../../calibration/preprocessing/preprocess-flags';
import { PREPROCESSING_OPTIONS, PREPROCESSING_USAGE } from '../preprocessing-flags';
import { noteSets } from '../image-set-text';
import { EXIT_OK, oneOf, parseFlags, present, toJson, type Command } from '../command';

const GATES = [
  'maxTop1Drop',
  'maxWorstGroupDrop',
  'minTop1',
  'maxLatencyMs',
] as const satisfies readonly (keyof Gates)[];

export const set: Command = {
  name: 'set',
  summary: 'changes methods, thresholds, precision per layer, target',
  usage: `Usage: calib set PROJECT [--json] with any of
  --method M                       for all tensors; with --tensor GLOB for those
  --tensor GLOB --threshold X      threshold by hand, real units
  --tensor GLOB --clear            back to the project's method
  --percentile P                   of method percentile, in percent (99.99)
  --layer GLOB --precision P       ${PRECISION_CHOICES.join(', ')}; auto: the rules of the target decide; int8: overrules
                                   the rules that keep a layer in floating point for speed
  --preset first-and-head-fp16|all-int8
  --fallback ${FALLBACK_PRECISIONS.join('|')}           precision of layers that do not run in INT8 (default: fp16 for tensorrt, fp32 for
                                   onnxruntime); --rest is another name of it
  --attention ${ATTENTION_PRECISIONS.join('|')}         products of two activations, target tensorrt (float)
  --equalization on|off            scale channels between layers so that none stands out; FP32 stays bit-identical; needs a new calibration
  --bias-correction on|off         give back the mean that INT8 takes from every output channel
  --gate NAME=VALUE                limits of a run (NAME=none removes one), repeatable: ${GATES.join(', ')}
  --target ${TARGETS.join('|')}
  --calibration DIR|LIST.txt       another calibration set; --validation DIR|LIST.txt|none the same for validation
  --label-order ${LABEL_ORDERS.join('|')}       of class folders that are numbers; text puts "10" before "2", as torchvision does
  --model PATH                     where the same model lies now
  PREPROCESSING                    needs a new calibration
Methods: ${METHODS.join(', ')}
${PREPROCESSING_USAGE}`,
  async run(argv, { api, runJob, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      {
        method: { type: 'string' },
        tensor: { type: 'string' },
        threshold: { type: 'string' },
        clear: { type: 'boolean' },
        percentile: { type: 'string' },
        layer: { type: 'string' },
        precision: { type: 'string' },
        preset: { type: 'string' },
        fallback: { type: 'string' },
        rest: { type: 'string' },
        attention: { type: 'string' },
        equalization: { type: 'string' },
        'bias-correction': { type: 'string' },
        target: { type: 'string' },
        gate: { type: 'string', multiple: true },
        calibration: { type: 'string' },
        validation: { type: 'string' },
        'label-order': { type: 'string' },
        model: { type: 'string' },
        ...PREPROCESSING_OPTIONS,
      },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const projectPath = resolve(positionals[0] ?? '');
    const edits = [
      ...editsOf(values),
      ...(await precisionEdits(values, projectPath, api)),
      ...(await preprocessingEdits(values, projectPath, api)),
    ];
    if (edits.length === 0)
      throw new WorkbenchError('usage', 'Expected something to set', {
        hint: 'What the project says now: calib show PROJECT',
      });
    const edited = await api.editProject({ projectPath, edits });
    const choosesBest = values.method === 'best' && edited.calibrated;
    if (choosesBest) await runJob({ kind: 'best', projectPath });
    const view = choosesBest ? await api.openProject({ projectPath, remembers: false }) : edited;
    if (choosesBest && view.best && !values.json)
      note(`${measuredText(view.best.decision)}: ${singlesText(view.best.decision)}`);
    if (edits.some(({ kind }) => kind === 'sets')) await noteSets(view, api, note);
    const { method, percentile, tensorMethods, manualThresholds, plan, target, gates } = view.file;
    const { chosenMethod, best } = view;
    const summary = {
      project: view.path,
      method,
      ...present({ chosenMethod, best }),
      percentile,
      tensorMethods,
      manualThresholds,
      plan: planJson(plan),
      target,
      gates,
    };
    if (values.json) print(toJson(summary));
    else
      print(
        `${view.path}: method ${method}${chosenMethod === undefined ? '' : ` (${chosenMethod})`}, ${formatCountOf(Object.keys(tensorMethods).length, 'tensor')} with their own, ${layersText(plan)}, target ${target}${repairsText(plan)}`,
      );
    return EXIT_OK;
  },
};

function repairsText(plan: PrecisionPlan): string {
  const on = [
    ...(hasRepair(plan, 'equalization') ? ['equalization'] : []),
    ...(hasRepair(plan, 'biasCorrection') ? ['bias correction'] : []),
  ];
  return on.length === 0 ? '' : `, ${on.join(' and ')} on`;
}

interface Values {
  readonly method?: string | undefined;
  readonly tensor?: string | undefined;
  readonly threshold?: string | undefined;
  readonly clear?: boolean | undefined;
  readonly percentile?: string | undefined;
  readonly layer?: string | undefined;
  readonly precision?: string | undefined;
  readonly preset?: string | undefined;
  readonly fallback?: string | undefined;
  readonly rest?: string | undefined;
  readonly attention?: string | undefined;
  readonly equalization?: string | undefined;
  readonly 'bias-correction'?: string | undefined;
  readonly target?: string | undefined;
  readonly gate?: string[] | undefined;
  readonly calibration?: string | undefined;
  readonly validation?: string | undefined;
  readonly 'label-order'?: string | undefined;
  readonly model?: string | undefined;
}

/** How many layers the plan names: those outside INT8, and those that were asked for in INT8. */
function layersText({ layers }: PrecisionPlan): string {
  const forced = Object.values(layers).filter((precision) => precision === 'int8').length;
  const kept = `${formatCountOf(Object.keys(layers).length - forced, 'layer')} not INT8`;
  return forced === 0 ? kept : `${kept}, ${forced} INT8 by name`;
}

function editsOf(values: Values): ProjectEdit[] {
  const target = oneOf('--target', values.target, TARGETS);
  // The target comes first, because what a preset writes depends on it.
  const edits: ProjectEdit[] = [
    ...(target === undefined ? [] : [{ kind: 'target', target } as const]),
    ...tensorEdits(values),
    ...layerEdits(values),
  ];
  if (values.percentile !== undefined)
    edits.push({ kind: 'percentile', percentile: realNumber('--percentile', values.percentile) });
  const labelOrder = oneOf('--label-order', values['label-order'], LABEL_ORDERS);
  if (values.calibration !== undefined || values.validation !== undefined || labelOrder !== undefined) {
    const validationPath = values.validation === 'none' ? null : values.validation && resolve(values.validation);
    edits.push({
      kind: 'sets',
      ...present({ calibrationPath: values.calibration && resolve(values.calibration), validationPath, labelOrder }),
    });
  }
  if (values.gate !== undefined) edits.push({ kind: 'gates', gates: Object.fromEntries(values.gate.map(parseGate)) });
  if (values.model !== undefined) edits.push({ kind: 'model', modelPath: values.model });
  return edits;
}

/** The project's preprocessing with what is given changed. */
async function preprocessingEdits(
  values: PreprocessingFlagValues,
  projectPath: string,
  api: WorkbenchApi,
): Promise<ProjectEdit[]> {
  const changed = parsePreprocessingFlags(values);
  if (Object.keys(changed).length === 0) return [];
  const { file } = await api.openProject({ projectPath, remembers: false });
  return [{ kind: 'preprocessing', preprocessing: { ...file.preprocessing, ...changed } }];
}

/** `maxTop1Drop=0.5`; `none` removes the limit. Drops in percentage points, top-1 in percent. */
function parseGate(text: string): readonly [keyof Gates, number | null] {
  const [name, value = ''] = text.split('=', 2);
  const gate = oneOf('--gate', name, GATES);
  if (gate === undefined || value === '')
    throw new WorkbenchError('usage', `Expected --gate NAME=VALUE, found "${text}"`);
  const limit = value === 'none' ? null : realNumber(`--gate ${gate}`, value);
  if (limit !== null && limit < 0)
    throw new WorkbenchError('usage', `Expected --gate ${gate} to be 0 or more, found ${limit}`);
  if (limit !== null && gate !== 'maxLatencyMs' && limit > 100)
    throw new WorkbenchError('usage', `Expected --gate ${gate} in percent, at most 100, found ${limit}`);
  if (limit !== null && gate === 'minTop1' && limit > 0 && limit <= 1)
    throw new WorkbenchError(
      'usage',
      `Expected --gate minTop1 in percent, found ${limit}: every model is better. Did you mean ${100 * limit}?`,
    );
  return [gate, limit];
}

function tensorEdits(values: Values): ProjectEdit[] {
  const edits: ProjectEdit[] = [];
  const method = oneOf('--method', values.method, METHODS);
  const { tensor } = values;
  if (tensor === undefined) {
    if (values.threshold !== undefined || values.clear)
      throw new WorkbenchError('usage', 'Expected --tensor GLOB beside --threshold and --clear');
    if (method !== undefined) edits.push({ kind: 'method', method });
    return edits;
  }
  if (values.clear) edits.push({ kind: 'clear-tensor', tensor });
  if (method !== undefined) edits.push({ kind: 'tensor-method', tensor, method });
  if (values.threshold !== undefined)
    edits.push({ kind: 'threshold', tensor, thresholdReal: realNumber('--threshold', values.threshold) });
  if (edits.length === 0)
    throw new WorkbenchError('usage', 'Expected --threshold X, --method M or --clear beside --tensor');
  return edits;
}

function layerEdits(values: Values): ProjectEdit[] {
  const edits: ProjectEdit[] = [];
  const preset = oneOf('--preset', values.preset, ['first-and-head-fp16', 'all-int8'] as const);
  if (preset !== undefined) edits.push({ kind: 'preset', preset });
  const fallback =
    oneOf('--fallback', values.fallback, FALLBACK_PRECISIONS) ?? oneOf('--rest', values.rest, FALLBACK_PRECISIONS);
  if (fallback !== undefined) edits.push({ kind: 'fallback-precision', precision: fallback });
  const attention = oneOf('--attention', values.attention, ATTENTION_PRECISIONS);
  if (attention !== undefined) edits.push({ kind: 'attention', attention });
  for (const [flag, repair] of [
    ['equalization', 'equalization'],
    ['bias-correction', 'biasCorrection'],
  ] as const) {
    const choice = oneOf(`--${flag}`, values[flag], ['on', 'off'] as const);
    if (choice !== undefined) edits.push({ kind: 'repair', repair, isOn: choice === 'on' });
  }
  return edits;
}

/** The layers that --layer matches, by id, on the revision of the project as it is now. */
async function precisionEdits(values: Values, projectPath: string, api: WorkbenchApi): Promise<ProjectEdit[]> {
  const precision = oneOf('--precision', values.precision, PRECISION_CHOICES);
  if ((precision === undefined) !== (values.layer === undefined))
    throw new WorkbenchError('usage', 'Expected --layer GLOB and --precision P together');
  if (precision === undefined || values.layer === undefined) return [];
  const [{ file }, { layers }] = await Promise.all([
    api.openProject({ projectPath, remembers: false }),
    api.getModel({ projectPath }),
  ]);
  const names = layers.map(({ layer }) => layer);
  const matched = requireMatches(values.layer, names, {
    what: 'layer',
    hint: '`calib quantize PROJECT --explain` lists the layers.',
  });
  return matched.map((layer) => ({ kind: 'precision', layer, precision, base: choiceOf(file.plan, layer) }));
}

function realNumber(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new WorkbenchError('usage', `Expected ${flag} to be a number, found "${text}"`);
  return value;
}
