import { create } from 'zustand';
import type { ProjectView } from '../../../src-shared/contract/views';
import type { SensitivitySpec } from '../../../src-shared/contract/job-specs';
import type { SensitivityKind, SensitivityMetric } from '../../../src-shared/domain/analysis/analysis';

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

/** What is chosen on the sensitivity screen; the question itself is `state/analyses`', because the graph shows it too. */
export const useSensitivityOptions = create<OptionsState>()((set) => ({
  options: DEFAULT_OPTIONS,
  change: (changes) => set((state) => ({ options: { ...state.options, ...changes } })),
}));

/** Where damage shows is an error at the layer's own output: no accuracy can be told there. */
export function metricInForce(
  question: SensitivityKind,
  { metric }: Pick<SensitivityOptions, 'metric'>,
): SensitivityMetric {
  return question === 'visible' ? 'sqnr' : metric;
}

export function needsLabels(metric: SensitivityMetric): boolean {
  return metric === 'top1' || metric === 'worst-group';
}

/** The images that will be used: labels are those of the validation set. */
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

/** Why it cannot be measured like this: a message key; null when it can. */
export function sensitivityProblem(
  question: SensitivityKind,
  options: SensitivityOptions,
  file: Pick<ProjectView['file'], 'validationSet'>,
): string | null {
  return needsLabels(metricInForce(question, options)) && file.validationSet === null
    ? 'sensitivity.problem.labels'
    : null;
}
