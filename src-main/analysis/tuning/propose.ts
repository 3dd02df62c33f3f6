import { ownValue, setOwnValue } from '../../../src-shared/base/records';
import type { TunedLayer } from '../../../src-shared/domain/analysis/tuning';
import {
  conversionModel,
  toFloatMs,
  toInt8Ms,
  type ConversionModel,
} from '../../../src-shared/domain/engines/conversion-model';
import {
  cheapestPlacement,
  conversionMs,
  placementMs,
  type BorderTensor,
  type PartCost,
} from '../../../src-shared/domain/engines/placement-cost';
import type { Precision } from '../../../src-shared/domain/project/precision';
import type { TunableLayer, TuningChoices } from './choices';
import { findParts, isWhole, type Parts, type ProfiledEngine, type TunedModel } from './parts';
import { reasonOf, type PartTimes } from './reasons';

/** A profiled engine with its latency. */
export interface MeasuredEngine extends ProfiledEngine {
  /** Median GPU time of one inference, in milliseconds. */
  readonly latencyMs: number;
  /** What its plan promised, in the same unit; absent for engines that no proposal led to. */
  readonly expectedMs?: number;
}

export interface Proposal {
  /** Precisions by layer for the plan; a layer without an entry is left to the rules. */
  readonly layers: Readonly<Record<string, Precision>>;
  readonly reasons: readonly TunedLayer[];
  /** Expected latency: that of the fastest engine, less what the plan saves. */
  readonly expectedMs: number;
  /** How much longer it may take, because times were guessed, or conversions may cost more than others did. */
  readonly doubtMs: number;
  /** Latency of the fastest engine so far. */
  readonly bestMs: number;
}

/** A plan, or other kernels for it, must promise to save more than this share of the time to be worth a build. */
export const MIN_GAIN = 0.01;

/** Whether a plan is faster than the best engine even if it keeps its promise badly. */
export function isWorthBuilding({ expectedMs, doubtMs, bestMs }: Proposal): boolean {
  return expectedMs + doubtMs < (1 - MIN_GAIN) * bestMs;
}

/** Time of INT8 relative to FP16 that is assumed for a part that was not measured in INT8, before it is tried. */
const HOPED_FOR = 0.7;
/** A part that takes a smaller share of the engine than this is not worth trying in INT8. */
const MIN_SHARE = 0.01;
/** INT8 must win more than this share of a part's time: it costs accuracy, and profiles are noisy. */
const MARGIN = 0.02;
/**
 * Doubt about what a plan changes against the fastest engine, as shares of the time in floating point of a part whose
 * INT8 is guessed, of the time of a measured part, and of an estimated conversion. In INT8, kernels beside floating
 * point are often not those that were measured between INT8 layers.
 */
const GUESS_DOUBT = 0.15;
const MEASURED_DOUBT = 0.05;
const CONVERSION_DOUBT = 0.5;

/**
 * Chooses INT8 or floating point for each part of the model, so that the sum of the measured times of the parts and of
 * the conversions between them is smallest (a minimum cut). Parts that the rules keep out of INT8 for speed are tried
 * once if they take enough time: INT8 is then assumed to take HOPED_FOR of the time until an engine says otherwise.
 *
 * @param engines in the order in which they were built; the first has every layer in floating point. If several
 *   engines show a part in one precision, the last one counts.
 */
export function proposePlan(
  model: TunedModel,
  engines: readonly MeasuredEngine[],
  choices: TuningChoices,
  mayTry: boolean,
): Proposal {
  const free = choices.layers.filter(({ layer }) => ownValue(choices.fixed, layer) === undefined);
  const parts = findParts(model, engines, new Set(free.map(({ layer }) => layer)));
  const tunable = new Map<number, TunableLayer[]>();
  for (const layer of free) {
    const part = parts.of.get(layer.layer);
    if (part !== undefined) tunable.set(part, [...(tunable.get(part) ?? []), layer]);
  }
  const times = partTimes(parts, tunable, { model, mayTry });
  const { costs, tensors } = energies(parts, times, conversionModel(parts.conversions));
  const labels = cheapestPlacement(costs, tensors);
  const layers: Record<string, Precision> = { ...choices.fixed };
  const reasons: TunedLayer[] = [];
  for (const [i, own] of [...tunable].sort(([a], [b]) => a - b)) {
    const time = times[i];
    if (time === undefined) continue;
    const isInt8 = labels[i] === true;
    for (const layer of own) {
      if (!isInt8) setOwnValue(layers, layer.layer, choices.float);
      else if (layer.isRefusedForSpeed) setOwnValue(layers, layer.layer, 'int8');
      reasons.push(reasonOf(layer, time, { isInt8, float: choices.float, shared: own.length }));
    }
  }
  return { layers, reasons, ...promiseOf({ parts, costs, tensors, times, labels }, engines) };
}

interface Estimate {
  readonly parts: Parts;
  readonly costs: readonly PartCost[];
  readonly tensors: readonly BorderTensor[];
  readonly times: readonly PartTimes[];
  readonly labels: readonly boolean[];
}

/**
 * What the labels save against the fastest engine. The sum of the times of kernels is not the latency, so that only the
 * relation of two sums is used; and what a tuned engine fell short of its promise is doubt about the next one.
 */
function promiseOf(
  { parts, costs, tensors, times, labels }: Estimate,
  engines: readonly MeasuredEngine[],
): Pick<Proposal, 'expectedMs' | 'doubtMs' | 'bestMs'> {
  const bestMs = Math.min(...engines.map(({ latencyMs }) => latencyMs));
  const best = engines.findIndex(({ latencyMs }) => latencyMs === bestMs);
  const own = parts.list.map(
    ({ tunable }, i) => tunable.length > 0 && parts.observed[best]?.[i]?.state === 'int8' && times[i]?.int8 !== null,
  );
  const ownMs = placementMs(costs, tensors, own);
  // Without times of kernels nothing can be promised.
  if (ownMs === 0) return { expectedMs: bestMs, doubtMs: 0, bestMs };
  const scale = bestMs / ownMs;
  const changed = times.reduce((total, { float, int8, isGuess }, i) => {
    if (labels[i] === own[i]) return total;
    return total + (isGuess ? GUESS_DOUBT * float : MEASURED_DOUBT * Math.max(float, int8 ?? 0));
  }, 0);
  const conversions = tensors.reduce(
    (total, tensor) => total + Math.abs(conversionMs(tensor, labels) - conversionMs(tensor, own)),
    0,
  );
  const shortfall = Math.max(
    0,
    ...engines.map(({ latencyMs, expectedMs }) => (expectedMs === undefined ? 0 : latencyMs - expectedMs)),
  );
  return {
    expectedMs: scale * placementMs(costs, tensors, labels),
    doubtMs: scale * (changed + CONVERSION_DOUBT * conversions) + shortfall,
    bestMs,
  };
}

function partTimes(
  parts: Parts,
  tunable: ReadonlyMap<number, readonly TunableLayer[]>,
  { model, mayTry }: { readonly model: TunedModel; readonly mayTry: boolean },
): PartTimes[] {
  const totalMs = (parts.observed[0] ?? []).reduce((sum, { kernelMs }) => sum + kernelMs, 0);
  return parts.list.map((part, i): PartTimes => {
    const own = tunable.get(i);
    if (own === undefined) return { float: 0, int8: null, isGuess: false };
    const float = latest(parts, i, 'float');
    const int8 = latest(parts, i, 'int8');
    if (float === null || int8 !== null) return { float: float ?? int8 ?? 0, int8, isGuess: false };
    const isWorthTrying = mayTry && float >= MIN_SHARE * totalMs && isWhole(part, model);
    return { float, int8: isWorthTrying ? hopedRatio(own) * float : null, isGuess: true };
  });
}

/** The largest known ratio of the layers of a part, or HOPED_FOR if one of them was never measured. */
function hopedRatio(layers: readonly TunableLayer[]): number {
  const known = layers.flatMap(({ knownRatio }) => (knownRatio === undefined ? [] : [knownRatio]));
  return known.length < layers.length || known.length === 0 ? HOPED_FOR : Math.max(...known);
}

/**
 * The latest time of a part in a precision. Conversions at the border to a part that tuning may change as well are not
 * part of it: they are charged to the border.
 */
function latest(parts: Parts, part: number, state: 'int8' | 'float'): number | null {
  for (const observed of parts.observed.toReversed()) {
    const own = observed[part];
    if (own?.state !== state) continue;
    const isBetweenPrecisions = parts.borders.some(
      ({ from, to }) => to.includes(part) && isTunable(parts, from) && observed[from]?.state !== state,
    );
    return own.kernelMs + (isBetweenPrecisions ? 0 : own.conversionMs);
  }
  return null;
}

function isTunable({ list }: Parts, part: number): boolean {
  return (list[part]?.tunable.length ?? 0) > 0;
}

/**
 * The costs of parts and of the tensors between tunable ones. A measured part contains its conversions at borders to
 * parts that always are floating point; one whose INT8 is guessed is charged with them here.
 */
function energies(
  parts: Parts,
  times: readonly PartTimes[],
  conversions: ConversionModel,
): { readonly costs: readonly PartCost[]; readonly tensors: readonly BorderTensor[] } {
  const added = parts.list.map(() => 0);
  const charge = (part: number, ms: number): void => {
    if (times[part]?.isGuess === true) added[part] = (added[part] ?? 0) + ms;
  };
  const tensors = parts.borders.flatMap(({ from, to, elements }): BorderTensor[] => {
    const toTunable = to.filter((reader) => isTunable(parts, reader));
    if (!isTunable(parts, from)) {
      for (const reader of toTunable) charge(reader, toInt8Ms(conversions, elements));
      return [];
    }
    if (toTunable.length < to.length) charge(from, toFloatMs(conversions, elements));
    return toTunable.length === 0
      ? []
      : [
          {
            from,
            to: toTunable,
            toInt8Ms: toInt8Ms(conversions, elements),
            toFloatMs: toFloatMs(conversions, elements),
          },
        ];
  });
  const costs = times.map(({ float, int8 }, i) => ({
    floatMs: float,
    int8Ms: int8 === null ? Number.POSITIVE_INFINITY : int8 + MARGIN * float + (added[i] ?? 0),
  }));
  return { costs, tensors };
}
