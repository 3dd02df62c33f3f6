import { advise, type Advice } from '../../../src-shared/base/advice';
import type { ThresholdCost, ThresholdRow, ThresholdTable } from '../../../src-shared/contract/views';
import { ownValue } from '../../../src-shared/base/records';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { foldHistogram } from '../../../src-shared/domain/histograms/folded-histogram';
import { createErrorModel, qualityAt } from '../../../src-shared/domain/histograms/quantization-error';
import { percentileThreshold, scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import type { LearnedValues } from '../../../src-shared/domain/analysis/repair';
import {
  costAgainstBest,
  type BestDecision,
  type BestView,
  type OutputCost,
} from '../../../src-shared/domain/analysis/best-method';
import {
  DEFAULT_PERCENTILE,
  isHistogramMethod,
  METHODS,
  UNDECIDED_METHOD,
  VARIANT_METHODS,
  type Method,
} from '../../../src-shared/domain/project/methods';
import { isRescaled } from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { findBest, findMeasured } from './best-decisions';
import { learnedValues } from './learned-parameters';
import type { TensorCalibration } from './calibration-index';
import type { StoredCalibration } from './calibration-store';

export type ThresholdChoices = Pick<
  ProjectFile,
  | 'method'
  | 'percentile'
  | 'tensorMethods'
  | 'manualThresholds'
  | 'importedThresholds'
  | 'importedFrom'
  | 'plan'
  | 'target'
>;
type Choices = ThresholdChoices;

/** The method that `best` has chosen for these choices; null if this was not decided yet. */
export function bestView(calibration: StoredCalibration, choices: Choices): BestView | null {
  return findBest(calibration.bestDecisions(), choices);
}

/** The method that determines the threshold of a tensor; `method` overrides the setting of the project. */
function methodOf(tensor: string, choices: Choices, method: Method | undefined): Method {
  if (method !== undefined) return method;
  return ownValue(choices.tensorMethods, tensor) ?? choices.method;
}

/** The method itself, or for method best the method that it has chosen. */
export function resolvedMethod(calibration: StoredCalibration, choices: Choices, method: Method): Method {
  return method === 'best' ? (bestView(calibration, choices)?.decision.chosenMethod ?? UNDECIDED_METHOD) : method;
}

/** All known thresholds of a tensor, real units. */
function knownThresholds(
  tensor: TensorCalibration,
  choices: Choices,
  calibration: StoredCalibration,
): Partial<Record<Method, number>> {
  const manual = ownValue(choices.manualThresholds, tensor.name);
  // An equalized or smoothed model has other values than the one that the cache was written for.
  const imported = isRescaled(choices.plan) ? undefined : ownValue(choices.importedThresholds, tensor.name);
  const percentile =
    choices.percentile === DEFAULT_PERCENTILE
      ? tensor.thresholds.percentile
      : percentileThreshold(foldHistogram(calibration.total(tensor.name)), choices.percentile);
  const tensorrt = calibration.tensorrtThresholds()?.get(tensor.name);
  const auto = ownValue(calibration.autoThresholds(), tensor.name);
  const learned = ownValue(calibration.learnedParameters()?.thresholds, tensor.name);
  return {
    ...tensor.thresholds,
    percentile,
    ...(tensorrt === undefined ? {} : { 'entropy-tensorrt': tensorrt.entropy }),
    ...(auto === undefined ? {} : { auto }),
    ...(learned === undefined ? {} : { learned }),
    ...(imported === undefined ? {} : { imported }),
    ...(manual === undefined ? {} : { manual }),
  };
}

function requireThreshold(
  name: string,
  method: Method,
  known: Partial<Record<Method, number>>,
  calibration: StoredCalibration,
): number {
  const threshold = known[method];
  if (threshold !== undefined) return threshold;
  const hints: Partial<Record<Method, string | Advice>> = {
    'entropy-tensorrt': calibration.tensorrtThresholds()
      ? 'TensorRT knows no tensor of this name: preparing the model made it. Choose another method for it.'
      : advise('collect-grid'),
    auto: advise('choose-auto'),
    learned: advise('learn-thresholds'),
    imported:
      'Import a calibration cache that names this tensor, or choose another method for it. Caches do not fit a model ' +
      'that was equalized or smoothed.',
    manual: advise('set-threshold-of', { tensor: name }),
  };
  throw new WorkbenchError('calibration-missing', `There is no threshold of method ${method} for tensor "${name}"`, {
    hint: hints[method] ?? `Choose ${VARIANT_METHODS.join(', ')} or manual.`,
  });
}

/**
 * A cache, TensorRT's grid, `auto` and `learned` contain the tensors that one target and plan use, not all calibrated
 * tensors. A missing tensor is therefore an error only if it gets Q/DQ, which is known when Q/DQ are placed.
 */
function mayLackTensors(method: Method, choices: Choices, calibration: StoredCalibration): boolean {
  if (method === 'imported') return mayUseImported(choices);
  if (method === 'auto') return calibration.autoThresholds() !== null;
  if (method === 'learned') return calibration.learnedParameters() !== null;
  return method === 'entropy-tensorrt' && calibration.tensorrtThresholds() !== null;
}

/** A model's own Q/DQ names the tensors that another tool quantized; ours may quantize more of them. */
function fallsBackToBest(method: Method, choices: Choices): boolean {
  return method === 'imported' && choices.importedFrom === 'model' && mayUseImported(choices);
}

/** An equalized or smoothed model has other values than the one that the thresholds were imported for. */
function mayUseImported({ importedThresholds, plan }: Choices): boolean {
  return Object.keys(importedThresholds).length > 0 && !isRescaled(plan);
}

/**
 * Thresholds in use: tensor -> real units. `method` overrides the choices of the project for all tensors. Tensors for
 * which the chosen method has no threshold are absent.
 */
export function thresholdsInUse(
  calibration: StoredCalibration,
  choices: Choices,
  method?: Method,
): Record<string, number> {
  const best = bestView(calibration, choices)?.decision.chosenMethod ?? UNDECIDED_METHOD;
  return Object.fromEntries(
    calibration.index.tensors.flatMap((tensor) => {
      const asked = methodOf(tensor.name, choices, method);
      const chosen = asked === 'best' ? best : asked;
      // In the common case the index is sufficient, and no histogram is decoded.
      const isStored =
        isHistogramMethod(chosen) && (chosen !== 'percentile' || choices.percentile === DEFAULT_PERCENTILE);
      if (isStored) return [[tensor.name, tensor.thresholds[chosen]] as const];
      const known = knownThresholds(tensor, choices, calibration);
      if (known[chosen] === undefined && fallsBackToBest(chosen, choices))
        return [[tensor.name, known[best] ?? tensor.thresholds[best]]];
      if (known[chosen] === undefined && mayLackTensors(chosen, choices, calibration)) return [];
      return [[tensor.name, requireThreshold(tensor.name, chosen, known, calibration)] as const];
    }),
  );
}

/**
 * The biases and roundings that were learned together with the thresholds in use, if the method is `learned`; nothing
 * otherwise. `method` overrides the method of the project.
 */
export function learnedInUse(
  calibration: StoredCalibration,
  choices: Pick<Choices, 'method'>,
  method?: Method,
): LearnedValues {
  const learned = (method ?? choices.method) === 'learned' ? calibration.learnedParameters() : null;
  return learned === null ? {} : learnedValues(learned);
}

/** Thresholds in use; empty if there is no calibration or if the chosen method was not computed yet. */
export function knownThresholdsInUse(calibration: StoredCalibration | null, choices: Choices): Record<string, number> {
  try {
    return calibration === null ? {} : thresholdsInUse(calibration, choices);
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'calibration-missing') return {};
    throw error;
  }
}

export interface TableOptions {
  /** Results as if every tensor used this method. */
  readonly method?: Method;
  /** Adds the cost of every method, for all values and for each group. */
  readonly withCosts?: boolean;
}

/** Computes the values that `thresholdTable` needs from the histograms, and lets other requests run meanwhile. */
export async function prepareCosts(
  calibration: StoredCalibration,
  choices: Choices,
  method: Method | undefined,
): Promise<void> {
  try {
    await calibration.prepareCosts(thresholdsInUse(calibration, choices, method));
  } catch (error) {
    // The table itself reports missing thresholds.
    if (!(error instanceof WorkbenchError && error.code === 'calibration-missing')) throw error;
  }
}

/** The table of `calib thresholds`: the threshold of every method, the one in use, and their costs. */
export function thresholdTable(
  calibration: StoredCalibration,
  choices: Choices,
  { method, withCosts = false }: TableOptions = {},
): ThresholdTable {
  const best = bestView(calibration, choices);
  const bestMethod = best?.decision.chosenMethod ?? UNDECIDED_METHOD;
  const tensors = calibration.index.tensors.flatMap((tensor): ThresholdRow[] => {
    const known = knownThresholds(tensor, choices, calibration);
    const asked = methodOf(tensor.name, choices, method);
    const chosen = known[asked] === undefined && fallsBackToBest(asked, choices) ? 'best' : asked;
    // If it is not in use, it would only repeat the threshold of another method.
    const methods: ThresholdRow['methods'] =
      chosen === 'best' && known[bestMethod] !== undefined ? { best: known[bestMethod], ...known } : known;
    if (methods[chosen] === undefined && mayLackTensors(chosen, choices, calibration)) return [];
    const threshold = requireThreshold(tensor.name, chosen, methods, calibration);
    const cost = calibration.cost(tensor.name, threshold);
    return [
      {
        name: tensor.name,
        amax: tensor.thresholds.minmax,
        methods,
        method: chosen,
        threshold,
        scale: scaleOfThreshold(threshold),
        sqnrDb: cost.sqnrDb,
        clippedFraction: cost.clippedFraction,
        ...(withCosts ? { costs: costsOf(tensor.name, methods, calibration) } : {}),
      },
    ];
  });
  const shown = method ?? choices.method;
  return {
    method: shown,
    ...(shown === 'best' ? { chosenMethod: bestMethod } : {}),
    ...(best === null ? {} : { best, ...lostBy(calibration, choices, best, method) }),
    tensors,
  };
}

/** The loss of the thresholds in use against the best single method, if it was measured. */
function lostBy(
  calibration: StoredCalibration,
  choices: Choices,
  { decision }: BestView,
  method: Method | undefined,
): { readonly lostDb?: number | null } {
  // A loss in dB is one of output errors.
  if (decision.singles.length === 0 || decision.singles[0]?.agreement !== undefined) return {};
  const cost = costInUse(calibration, choices, decision, method);
  return cost === undefined ? {} : { lostDb: costAgainstBest(cost.nmse, decision) };
}

/**
 * The error at the outputs for the thresholds of `method`, by default those of the project; undefined if it was not
 * measured.
 */
export function costInUse(
  calibration: StoredCalibration,
  choices: Choices,
  decision: BestDecision,
  method: Method | undefined,
): OutputCost | undefined {
  const asked = method ?? methodOfAll(choices);
  const single = asked === 'best' ? decision.chosenMethod : asked;
  const known = decision.singles.find((cost) => cost.method === single);
  return known ?? findMeasured(calibration.bestDecisions(), choices, thresholdsInUse(calibration, choices, method));
}

/** The method that all tensors use; null if they use different methods. */
export function methodOfAll({ method, tensorMethods }: Choices): Method | null {
  return Object.values(tensorMethods).every((own) => own === method) ? method : null;
}

function costsOf(
  tensor: string,
  methods: Partial<Record<Method, number>>,
  calibration: StoredCalibration,
): ThresholdCost[] {
  const groups = Object.entries(calibration.groups(tensor)).filter(([name]) => name !== '');
  const histograms = [[null, calibration.total(tensor)] as const, ...groups];
  const models = histograms.map(([group, histogram]) => [group, createErrorModel(foldHistogram(histogram))] as const);
  return METHODS.flatMap((method) => {
    const threshold = methods[method];
    if (threshold === undefined) return [];
    return models.map(([group, model]): ThresholdCost => {
      const { sqnrDb, clippedFraction } = qualityAt(model, threshold);
      return { method, group, sqnrDb, clippedFraction };
    });
  });
}
