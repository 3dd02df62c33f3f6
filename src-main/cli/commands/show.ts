import { resolve } from 'node:path';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { ProjectView } from '../../../src-shared/contract/views';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { formatCountOf } from '../../../src-shared/base/units';
import { measuredText, singlesText, type BestView } from '../../../src-shared/domain/analysis/best-method';
import type { HistogramMethod } from '../../../src-shared/domain/project/methods';
import {
  fallbackPrecisionOf,
  hasRepair,
  planJson,
  REPAIRS,
  type PrecisionPlan,
} from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { preprocessingFlags } from '../../../src-shared/domain/project/preprocessing-text';
import { sourcesText } from '../input-options';
import { defineCommand, EXIT_OK, present } from '../command';
import { labelsText } from '../image-set-text';
import { taskText } from '../../../src-shared/domain/tasks/task-text';

/** Longer lists of tensors and layers are cut to this length. */
const SHOWN = 8;

export const show = defineCommand({
  name: 'show',
  summary: 'show what a project says: sets, preprocessing, methods, plan, gates',
  positionals: ['PROJECT'],
  options: {},
  async run(_values, [project = ''], { api, print, isJson }) {
    const view = await api.openProject({ projectPath: resolve(project), remembers: false });
    const { path, calibrated, chosenMethod, best, file } = view;
    const labels = isJson ? null : await validationLabels(view, api);
    print({ project: path, calibrated, ...present({ chosenMethod, best }), ...file, plan: planJson(file.plan) }, () =>
      asText(view, labels),
    );
    return EXIT_OK;
  },
});

/** The labels of the validation set; null without one. A set that cannot be read must not hide the rest. */
async function validationLabels({ path, file }: ProjectView, api: WorkbenchApi): Promise<string | null> {
  if (file.validationSet === null) return null;
  try {
    return labelsText(await api.getImageSet({ projectPath: path, set: 'validation' }));
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
    return error.message;
  }
}

function asText({ path, file, calibrated, chosenMethod, best }: ProjectView, labels: string | null): string[] {
  const facts: readonly (readonly [string, string])[] = [
    ['project', path],
    ['model', file.model.path],
    ['calibration', `${file.calibrationSet.path}${calibrated ? '' : ' (not calibrated: calib calibrate PROJECT)'}`],
    [
      'validation',
      file.validationSet === null
        ? 'none'
        : `${file.validationSet.path}${file.validationSet.labels === null ? '' : `, labels ${file.validationSet.labels}`}`,
    ],
    ...(labels === null ? [] : ([['labels', labels]] as const)),
    ['preprocessing', preprocessingFlags(file.preprocessing).join(' ')],
    ...(file.inputs === undefined ? [] : [['inputs', sourcesText(file.inputs)] as const]),
    ['task', taskText(file.task)],
    ['target', file.target],
    ['method', methodText(file, chosenMethod)],
    ...(best === undefined ? [] : bestFacts(best)),
    ['plan', planText(file.plan, file)],
    ['gates', gatesText(file)],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
}

/** The errors of the single methods at the outputs, and whether they belong to the present plan. */
function bestFacts({ decision, isCurrent }: BestView): (readonly [string, string])[] {
  const stale = isCurrent ? '' : ' (of another plan, target or percentile: calib calibrate or calib run decides again)';
  if (decision.singles.length === 0)
    return decision.problem === undefined ? [] : [['methods', `not measured: ${decision.problem}${stale}`]];
  return [
    ['methods', `${singlesText(decision)}${stale}`],
    ['measured', measuredText(decision)],
  ];
}

function methodText(
  { method, percentile, tensorMethods, manualThresholds }: ProjectFile,
  chosenMethod: HistogramMethod | undefined,
): string {
  const own = Object.entries(tensorMethods).map(
    ([tensor, chosen]) => `${tensor} ${chosen === 'manual' ? String(ownValue(manualThresholds, tensor)) : chosen}`,
  );
  const chosen =
    method !== 'best' ? '' : chosenMethod === undefined ? ' (decided by calib calibrate)' : ` (${chosenMethod})`;
  return `${method}${chosen}${method === 'percentile' ? ` ${percentile}` : ''}${own.length === 0 ? '' : `; ${formatCountOf(own.length, 'tensor')} with their own: ${some(own)}`}`;
}

function planText(plan: PrecisionPlan, { target }: ProjectFile): string {
  const layers = Object.entries(plan.layers).map(([layer, precision]) => `${layer} ${precision}`);
  const parts = [
    layers.length === 0 ? 'every layer INT8' : some(layers),
    `fallback precision ${fallbackPrecisionOf(plan, target)}`,
    ...(plan.attention === undefined ? [] : [`attention ${plan.attention}`]),
    ...REPAIRS.filter((repair) => hasRepair(plan, repair)).map((repair) => REPAIR_NAMES[repair]),
  ];
  return parts.join('; ');
}

const REPAIR_NAMES = {
  equalization: 'equalization',
  smoothing: 'smoothing',
  biasCorrection: 'bias correction',
} as const;

function gatesText({ gates }: ProjectFile): string {
  const set = Object.entries(gates).flatMap(([name, limit]: [string, number | null]) =>
    limit === null ? [] : [`${name}=${limit}`],
  );
  return set.length === 0 ? 'none' : set.join(' ');
}

function some(names: readonly string[]): string {
  return `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? `, and ${names.length - SHOWN} more` : ''}`;
}
