import {
  groupValue,
  type SensitivityKind,
  type SensitivityLayer,
  type SensitivityMetric,
  type TrialQuality,
} from '../../src-shared/domain/analysis/analysis';
import { releasedPlan } from '../../src-shared/domain/project/precision';
import { inFp16, layerRuns, sumOfWork, wholeRuns, type ChangedPart, type ExpectedWork } from './expected-work';
import type { Trial } from './trials';

/** A layer whose precision can be chosen, because it reads quantized tensors. */
export interface SensitiveLayer {
  readonly layer: string;
  readonly op: string;
  /** The first output of the layer. */
  readonly output: string;
  /** Whether its weights are constant, so that they are quantized with its input. */
  readonly hasWeights: boolean;
}

export interface SensitivityProblem {
  readonly kind: SensitivityKind;
  readonly metric: SensitivityMetric;
  /** The model with all layers in INT8. */
  readonly base: Trial;
  readonly layers: readonly SensitiveLayer[];
}

/** The model that measures the effect of one layer. */
export function sensitivityTrial({ kind, base, layers }: SensitivityProblem, layer: string): Trial {
  if (kind === 'release') return { ...base, plan: releasedPlan(base.plan, [layer]) };
  // All other layers run in FP32, so that rounding in FP16 is not attributed to this layer.
  const others = layers.filter((other) => other.layer !== layer).map((other) => [other.layer, 'fp32'] as const);
  return {
    ...base,
    plan: { ...base.plan, fallbackPrecision: 'fp32', layers: Object.fromEntries([...others, [layer, 'int8']]) },
  };
}

/** The two models that measure the effect of the weights and of the input of one layer alone. */
export function operandTrials(problem: SensitivityProblem, layer: string): readonly [weights: Trial, input: Trial] {
  const both = sensitivityTrial({ ...problem, kind: 'cause' }, layer);
  return [
    { ...both, only: 'weights' },
    { ...both, only: 'input' },
  ];
}

/** Every model of a sensitivity of the kinds release and cause: all layers in INT8, then those of each layer. */
export function sensitivityTrials(problem: SensitivityProblem): Trial[] {
  const { kind, base, layers } = problem;
  const operands = kind === 'cause' ? layers.filter(({ hasWeights }) => hasWeights) : [];
  return [
    base,
    ...layers.map(({ layer }) => sensitivityTrial(problem, layer)),
    ...operands.flatMap(({ layer }) => operandTrials(problem, layer)),
  ];
}

/** The number of layers whose outputs are compared in one run; it bounds the memory of kind `visible`. */
export const LAYERS_AT_ONCE = 8;

/** What a sensitivity is expected to compute. */
export function sensitivityWork(
  { kind, layers }: Pick<SensitivityProblem, 'kind' | 'layers'>,
  images: number,
  part: ChangedPart,
): ExpectedWork {
  // Two runs of the model for each group of layers: FP32, and all layers in INT8.
  if (kind === 'visible') return wholeRuns(1 + 2 * Math.ceil(layers.length / LAYERS_AT_ONCE), images);
  const operands = kind === 'cause' ? layers.filter(({ hasWeights }) => hasWeights) : [];
  const runs = layerRuns(
    [...layers, ...operands, ...operands].map(({ layer }) => layer),
    images,
    part,
  );
  return sumOfWork(wholeRuns(1, images), kind === 'release' ? inFp16(runs) : runs);
}

/**
 * @param baseline of the model that `quality` differs from by this layer: everything INT8 for release, FP32 for cause.
 */
export function scoreOf(
  kind: SensitivityKind,
  metric: SensitivityMetric,
  quality: TrialQuality,
  baseline: TrialQuality,
): number {
  const gained = metricOf(metric, quality) - metricOf(metric, baseline);
  if (kind === 'release') return gained;
  // The SQNR of FP32 is infinite.
  return metric === 'sqnr' ? -metricOf(metric, quality) : -gained;
}

/** The SQNR in dB that is used for results without any error; its negative for results that are nothing but error. */
const NO_ERROR_DB = 300;

/** Limits the SQNR to -300 to 300 dB; null means no error. */
export function rankableDb(sqnrDb: number | null): number {
  return Math.max(-NO_ERROR_DB, Math.min(NO_ERROR_DB, sqnrDb ?? NO_ERROR_DB));
}

/** Larger is better. */
function metricOf(metric: SensitivityMetric, quality: TrialQuality): number {
  switch (metric) {
    case 'sqnr':
      return rankableDb(quality.sqnrDb);
    case 'agreement':
      return quality.agreement ?? 0;
    case 'measure':
    case 'top1':
      return signed(quality, measuredValue(quality));
    case 'worst-group':
      return signed(quality, quality.worstGroup ? groupValue(quality.worstGroup) : measuredValue(quality));
  }
}

function measuredValue({ measure, top1 }: TrialQuality): number {
  return measure?.value ?? top1 ?? 0;
}

/** A value of a measure whose lower values are better changes its sign. */
function signed({ measure }: TrialQuality, value: number): number {
  return measure?.higherIsBetter === false ? -value : value;
}

/** Sorts by score, highest first; layers with equal scores keep their graph order. */
export function sorted(layers: readonly SensitivityLayer[]): SensitivityLayer[] {
  return [...layers].sort((a, b) => b.score - a.score);
}
