import { ownValue, setOwnValue } from '../../../src-shared/base/records';
import { formatMs } from '../../../src-shared/base/units';
import type { Precision } from '../../../src-shared/domain/project/precision';
import type { TunedLayer } from '../../../src-shared/domain/analysis/tuning';
import { cheapestLabels, type PairCost, type UnaryCost } from './min-cut';
import { findParts, type Parts, type ProfiledEngine, type TunedModel } from './parts';

/** What tuning may decide. */
export interface TuningChoices {
  /** Compute layers that INT8 is possible for, in graph order. */
  readonly layers: readonly TunableLayer[];
  /** The project's plan for layers that tuning must not change, because accuracy decided them. */
  readonly fixed: Readonly<Record<string, Precision>>;
  /** The floating-point type of a layer that is not INT8. */
  readonly float: 'fp16' | 'fp32';
}

export interface TunableLayer {
  readonly layer: string;
  readonly op: string;
  /** The rules keep it in floating point for speed; INT8 must be asked for by name. */
  readonly isRefusedForSpeed: boolean;
  /** The reason of the rules. */
  readonly reason: string;
  /** Time of its INT8 kernel relative to the one in floating point, if both were measured in another engine. */
  readonly knownRatio?: number;
}

export interface Proposal {
  /** Precisions by layer for the plan; a layer without an entry is left to the rules. */
  readonly layers: Readonly<Record<string, Precision>>;
  readonly reasons: readonly TunedLayer[];
  /** Expected time of all parts, with the conversions between them. */
  readonly expectedMs: number;
  /** The smallest such time of the plans of the engines that were given. */
  readonly bestKnownMs: number;
}

/** A plan must promise to save more than this share of the time to be worth a build. */
const MIN_GAIN = 0.01;

export function isWorthBuilding({ expectedMs, bestKnownMs }: Proposal): boolean {
  return expectedMs < (1 - MIN_GAIN) * bestKnownMs;
}

/** Time of INT8 relative to FP16 that is assumed for a part that was not measured in INT8, before it is tried. */
const HOPED_FOR = 0.7;
/** A part that takes a smaller share of the engine than this is not worth trying in INT8. */
const MIN_SHARE = 0.01;
/** INT8 must win more than this share of a part's time: it costs accuracy, and profiles are noisy. */
const MARGIN = 0.02;
/** Conversions if none was measured: time of the shortest kernel, and milliseconds per value (3 bytes at 1 TB/s). */
const LAUNCH_MS = 0.002;
const MS_PER_VALUE = 3e-9;

/**
 * Chooses INT8 or floating point for each part of the model, so that the sum of the measured times of the parts and of
 * the conversions between them is smallest (a minimum cut). Parts that the rules keep out of INT8 for speed are tried
 * once if they take enough time: INT8 is then assumed to take HOPED_FOR of the time until an engine says otherwise.
 *
 * @param engines profiled engines in the order in which they were built; the first has every layer in floating point.
 *   If several engines show a part in one precision, the last one counts.
 */
export function proposePlan(
  model: TunedModel,
  engines: readonly ProfiledEngine[],
  choices: TuningChoices,
  mayTry: boolean,
): Proposal {
  const parts = findParts(model, engines);
  const tunable = new Map<number, TunableLayer[]>();
  for (const layer of choices.layers) {
    const part = parts.of.get(layer.layer);
    if (part === undefined || ownValue(choices.fixed, layer.layer) !== undefined) continue;
    tunable.set(part, [...(tunable.get(part) ?? []), layer]);
  }
  const conversion = conversionModel(engines);
  const totalMs = sum(parts.observed[0]?.map(({ kernelMs }) => kernelMs) ?? []);
  const costs = parts.list.map((_, i): PartCosts => {
    if (!tunable.has(i)) return { float: 0, int8: null, isGuess: false };
    const float = latest(parts, i, { isInt8: false, tunable });
    const int8 = latest(parts, i, { isInt8: true, tunable });
    if (float === null || int8 !== null) return { float: float ?? int8 ?? 0, int8, isGuess: false };
    const isWorthTrying = mayTry && float >= MIN_SHARE * totalMs;
    return { float, int8: isWorthTrying ? hopedRatio(tunable.get(i) ?? []) * float : null, isGuess: true };
  });
  const { unary, pairs } = energies(parts, costs, { tunable, conversion });
  const labels = cheapestLabels(unary, pairs);
  const layers: Record<string, Precision> = { ...choices.fixed };
  const reasons: TunedLayer[] = [];
  for (const [i, own] of [...tunable].sort(([a], [b]) => a - b)) {
    const cost = costs[i];
    if (cost === undefined) continue;
    for (const layer of own) {
      const isInt8 = labels[i] === true;
      if (!isInt8) setOwnValue(layers, layer.layer, choices.float);
      else if (layer.isRefusedForSpeed) setOwnValue(layers, layer.layer, 'int8');
      reasons.push(reasonOf(layer, cost, { isInt8, float: choices.float, shared: own.length }));
    }
  }
  const energyOf = (some: readonly boolean[]): number =>
    sum(unary.map(({ whenFalse, whenTrue }, i) => (some[i] ? whenTrue : whenFalse))) +
    sum(
      pairs.map(({ a, b, trueFalse, falseTrue }) =>
        some[a] === some[b] ? 0 : some[a] === true ? trueFalse : falseTrue,
      ),
    );
  const known = parts.observed.map((observed) => energyOf(observed.map(({ isInt8 }, i) => isInt8 && tunable.has(i))));
  return { layers, reasons, expectedMs: energyOf(labels), bestKnownMs: Math.min(...known) };
}

/** The largest known ratio of the layers of a part, or HOPED_FOR if one of them was never measured. */
function hopedRatio(layers: readonly TunableLayer[]): number {
  const known = layers.flatMap(({ knownRatio }) => (knownRatio === undefined ? [] : [knownRatio]));
  return known.length < layers.length || known.length === 0 ? HOPED_FOR : Math.max(...known);
}

interface PartCosts {
  readonly float: number;
  /** null: INT8 is not possible or not worth trying. */
  readonly int8: number | null;
  readonly isGuess: boolean;
}

function reasonOf(
  { layer, op, isRefusedForSpeed, reason }: TunableLayer,
  { float, int8, isGuess }: PartCosts,
  {
    isInt8,
    float: type,
    shared,
  }: { readonly isInt8: boolean; readonly float: 'fp16' | 'fp32'; readonly shared: number },
): TunedLayer {
  const name = type.toUpperCase();
  const times = { floatMs: float, int8Ms: isGuess ? null : int8 };
  const common = { layer, op, precision: isInt8 ? ('int8' as const) : type, ...times };
  const whole = shared > 1 ? `; ${shared} layers that share kernels are decided together` : '';
  if (isGuess && isInt8)
    return {
      ...common,
      code: 'tried-int8',
      reason: `INT8 is tried here, against ${formatMs(float)} in ${name}${whole}`,
    };
  if (int8 === null || isGuess) {
    const why = isRefusedForSpeed ? reason : 'it was not measured in INT8';
    return { ...common, code: 'not-measured', reason: `${formatMs(float)} in ${name}; ${why}${whole}` };
  }
  const compared = `measured on this GPU: INT8 ${formatMs(int8)}, ${name} ${formatMs(float)}`;
  if (isInt8 && int8 > float)
    return {
      ...common,
      code: 'measured-neighbours',
      reason: `${compared}; its neighbours in INT8 save a conversion${whole}`,
    };
  if (!isInt8 && int8 < float)
    return {
      ...common,
      code: 'measured-neighbours',
      reason: `${compared}; the conversions around it would cost more${whole}`,
    };
  return { ...common, code: isInt8 ? 'measured-int8' : 'measured-float', reason: `${compared}${whole}` };
}

/**
 * The latest time of a part in a precision. Conversions at the border to a part that tuning may change as well are not
 * part of it: they are charged to the border.
 */
function latest(
  parts: Parts,
  part: number,
  { isInt8, tunable }: { readonly isInt8: boolean; readonly tunable: ReadonlyMap<number, unknown> },
): number | null {
  for (const observed of parts.observed.toReversed()) {
    const own = observed[part];
    if (own?.isInt8 !== isInt8) continue;
    const isBetweenPrecisions = parts.borders.some(
      ({ from, to }) => to === part && tunable.has(from) && observed[from]?.isInt8 !== isInt8,
    );
    return own.kernelMs + (isBetweenPrecisions ? 0 : own.conversionMs);
  }
  return null;
}

interface ConversionModel {
  readonly launchMs: number;
  readonly msPerValue: number;
}

/** The times of conversions in the engines: the shortest, and the usual time per value above it. */
function conversionModel(engines: readonly ProfiledEngine[]): ConversionModel {
  const times = engines.flatMap(({ layers }) =>
    layers.flatMap(({ isReformat, medianMs, type, outputType }) =>
      isReformat && medianMs !== null && medianMs > 0 && type !== outputType ? [medianMs] : [],
    ),
  );
  return { launchMs: times.length === 0 ? LAUNCH_MS : Math.min(...times), msPerValue: MS_PER_VALUE };
}

function energies(
  parts: Parts,
  costs: readonly PartCosts[],
  { tunable, conversion }: { readonly tunable: ReadonlyMap<number, unknown>; readonly conversion: ConversionModel },
): { readonly unary: readonly UnaryCost[]; readonly pairs: readonly PairCost[] } {
  const toInt8 = (elements: number): number => conversion.launchMs + elements * conversion.msPerValue;
  // An INT8 kernel may write FP16 itself; it writes one byte more per value.
  const toFloat = (elements: number): number => (elements * conversion.msPerValue) / 3;
  const added = parts.list.map(() => 0);
  const pairs: PairCost[] = [];
  for (const { from, to, elements } of parts.borders) {
    if (tunable.has(from) && tunable.has(to))
      pairs.push({ a: from, b: to, trueFalse: toFloat(elements), falseTrue: toInt8(elements) });
    // A measured part contains its conversions at borders to parts that always are floating point.
    else if (costs[to]?.isGuess === true) added[to] = (added[to] ?? 0) + toInt8(elements);
  }
  const unary = costs.map(({ float, int8 }, i) => ({
    whenFalse: float,
    whenTrue: int8 === null ? Number.POSITIVE_INFINITY : int8 + MARGIN * float + (added[i] ?? 0),
  }));
  return { unary, pairs };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
