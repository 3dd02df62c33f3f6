import { create } from 'zustand';
import { formatDb, formatFixed } from '../../../src-shared/base/units';
import type { SensitivitySpec } from '../../../src-shared/contract/job-specs';
import type { ProjectView } from '../../../src-shared/contract/views';
import {
  SENSITIVITY_METRICS,
  type SensitivityKind,
  type SensitivityLayer,
  type SensitivityMetric,
  type SensitivityResult,
} from '../../../src-shared/domain/analysis/analysis';
import { formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import { t } from '../../i18n';
import { isErrorLevel, type LayerRow } from '../../panels/layers/layer-rows';

export interface SensitivityOptions {
  readonly metric: SensitivityMetric;
  readonly set: 'calibration' | 'validation';
  readonly limit: number;
  /** Pattern of layer names; empty: all layers. */
  readonly layers: string;
}

interface OptionsState {
  readonly options: SensitivityOptions;
  readonly change: (changes: Partial<SensitivityOptions>) => void;
}

export const DEFAULT_OPTIONS: SensitivityOptions = { metric: 'sqnr', set: 'calibration', limit: 64, layers: '' };

/** The choices on the sensitivity screen. The question itself is in `state/analyses`, because the graph uses it too. */
export const useSensitivityOptions = create<OptionsState>()((set) => ({
  options: DEFAULT_OPTIONS,
  change: (changes) => set((state) => ({ options: { ...state.options, ...changes } })),
}));

/**
 * The metric that will be used. The question `visible` measures the error at the layer's own output, where no accuracy
 * is defined.
 */
export function metricInForce(
  question: SensitivityKind,
  { metric }: Pick<SensitivityOptions, 'metric'>,
): SensitivityMetric {
  return question === 'visible' ? 'sqnr' : metric;
}

/** The metrics to choose from. Top-1 is the measure of a classification and needs no choice of its own. */
export const METRIC_CHOICES: readonly SensitivityMetric[] = SENSITIVITY_METRICS.filter((metric) => metric !== 'top1');

export function needsLabels(metric: SensitivityMetric): boolean {
  return metric === 'measure' || metric === 'top1' || metric === 'worst-group';
}

/** The image set that will be used; only the validation set has labels. */
export function setInForce(
  question: SensitivityKind,
  options: SensitivityOptions,
  hasValidationSet: boolean,
): 'calibration' | 'validation' {
  if (needsLabels(metricInForce(question, options))) return 'validation';
  return hasValidationSet ? options.set : 'calibration';
}

export function sensitivitySpec(
  question: SensitivityKind,
  options: SensitivityOptions,
  project: Pick<ProjectView, 'path' | 'file'>,
): SensitivitySpec {
  const layers = options.layers.trim();
  return {
    kind: 'sensitivity',
    projectPath: project.path,
    question,
    metric: metricInForce(question, options),
    set: setInForce(question, options, project.file.validationSet !== null),
    limit: options.limit,
    ...(layers === '' ? {} : { layers }),
  };
}

/** The reason why the measurement cannot start, as a message key; null if it can start. */
export function sensitivityProblem(
  question: SensitivityKind,
  options: SensitivityOptions,
  file: Pick<ProjectView['file'], 'validationSet'>,
): string | null {
  return needsLabels(metricInForce(question, options)) && file.validationSet === null
    ? 'sensitivity.problem.labels'
    : null;
}

/** One layer that was tried, with its current precision in the project. */
export interface SensitivityRow {
  readonly entry: SensitivityLayer;
  readonly row: LayerRow;
}

/** The layers of the answer that the model still contains, in the order of the answer: highest score first. */
export function sensitivityRows(
  result: Pick<SensitivityResult, 'layers'>,
  rowOf: (layer: string) => LayerRow | undefined,
): readonly SensitivityRow[] {
  return result.layers.flatMap((entry) => {
    const row = rowOf(entry.layer);
    return row === undefined ? [] : [{ entry, row }];
  });
}

/** Rows whose layer or operator contains every word of the search. */
export function filterSensitivity(rows: readonly SensitivityRow[], search: string): readonly SensitivityRow[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter(({ entry }) => words.every((word) => `${entry.layer} ${entry.op}`.toLowerCase().includes(word)));
}

/**
 * A score with its unit: gains have a plus sign, losses a minus sign, and an error is shown as an SQNR (the score is
 * the negative SQNR). Points of top-1 are percentage points; other measures have no unit.
 */
export function scoreText(
  result: Pick<SensitivityResult, 'kind' | 'metric' | 'baseline'>,
  entry: Pick<SensitivityLayer, 'score' | 'sqnrDb'>,
): string {
  if (isErrorLevel(result)) return entry.sqnrDb === null ? t('analysis.exact') : formatDb(entry.sqnrDb);
  const change = result.kind === 'cause' ? -entry.score : entry.score;
  if (result.metric === 'sqnr') return signedDb(change);
  return formatMeasureDifference(result.baseline.measure?.name ?? 'top-1', change);
}

/** Two decimals, because the gain of a single layer is often only a tenth of a dB. */
function signedDb(valueDb: number): string {
  const text = formatFixed(valueDb, 2);
  return `${Number(text) > 0 ? '+' : ''}${text} dB`;
}
