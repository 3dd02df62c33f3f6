import {
  formatAccuracy,
  formatDuration,
  formatFixed,
  formatMb,
  formatMs,
  formatProbability,
  formatRate,
} from '../../base/units';
import { isGateName, type GateName } from '../project/gates';
import { formatMeasure, formatMeasureDifference } from '../tasks/measure-text';
import type { GateResult, GateStatistics } from './run-record';

/** What a gate judges, in English. */
const GATE_TITLES: Readonly<Record<GateName, string>> = {
  maxDrop: 'Drop against FP32',
  minMeasure: 'Least value',
  maxClassDrop: 'Largest drop of a class',
  maxTop1Drop: 'Top-1 drop against FP32',
  maxWorstGroupDrop: 'Largest drop of a group',
  minTop1: 'Top-1',
  minAgreement: 'Agreement with FP32',
  maxLatencyMs: 'Median latency',
  maxP99LatencyMs: 'P99 latency',
  minThroughput: 'Throughput',
  maxMemoryMb: 'Memory',
  maxSizeMb: 'Size',
  maxBuildSeconds: 'Build time',
  minInt8Time: 'Time of convolutions and products in INT8',
  maxDrift: 'Drift of the validation images',
};

export function gateTitle({ name, measure }: Pick<GateResult, 'name' | 'measure'>): string {
  const title = isGateName(name) ? GATE_TITLES[name] : name;
  return measure === undefined || measure === 'top-1' ? title : `${title} (${measure})`;
}

/** A value, limit or margin of a gate with its unit. */
export function gateAmount({ name, measure = 'top-1' }: Pick<GateResult, 'name' | 'measure'>, value: number): string {
  switch (name) {
    case 'maxLatencyMs':
    case 'maxP99LatencyMs':
      return formatMs(value);
    case 'minThroughput':
      return formatRate(value, 'images');
    case 'maxMemoryMb':
    case 'maxSizeMb':
      return formatMb(value);
    case 'maxBuildSeconds':
      return formatDuration(value);
    case 'minAgreement':
    case 'minInt8Time':
      return formatAccuracy(value);
    case 'maxDrift':
      return formatFixed(value, 2);
    default:
      return name.startsWith('min')
        ? formatMeasure(measure, value)
        : formatMeasureDifference(measure, value).replace(/^\+/, '');
  }
}

/** The limit as text: `≤ 5 ms`, and for a limit against another run `≤ 5.25 ms (5 ms of the baseline + 5 %)`. */
export function gateLimitText(gate: Pick<GateResult, 'name' | 'measure' | 'limit' | 'baseline'>): string {
  const { limit, baseline } = gate;
  const sign = gate.name.startsWith('min') ? '≥' : '≤';
  const absolute = limit === null ? '' : `${sign} ${gateAmount(gate, limit)}`;
  if (baseline === undefined) return absolute;
  const side = gate.name.startsWith('min') ? '−' : '+';
  const margin = baseline.isPercent ? `${formatFixed(baseline.margin, 1)} %` : gateAmount(gate, baseline.margin);
  const own = baseline.value === undefined ? 'baseline' : `baseline ${gateAmount(gate, baseline.value)}`;
  return limit === null ? `${sign} ${own} ${side} ${margin}` : `${absolute} (${own} ${side} ${margin})`;
}

/** The group or the class that was judged: `group night`; empty if the gate judges the whole. */
export function gatePart({ group, className }: Pick<GateResult, 'group' | 'className'>): string {
  if (group !== undefined) return `group ${group}`;
  return className === undefined ? '' : `class ${className}`;
}

/** A text about the gate with the group or the class that was judged: `AP drop (group night)`. */
export function withGatePart(gate: Pick<GateResult, 'group' | 'className'>, text: string): string {
  const part = gatePart(gate);
  return part === '' ? text : `${text} (${part})`;
}

/** The verdict's test as a sentence without a full stop; empty in runs of older versions. */
export function statisticsText(gate: Pick<GateResult, 'name' | 'measure' | 'statistics'>): string {
  const { statistics } = gate;
  if (statistics === undefined) return '';
  const { test, p, interval95, images, parts, isBeyondChance } = statistics;
  if (test === 'exact') return 'counted, chance has no part in it';
  if (test === 'single') return 'too few measurements for a test';
  const facts = [
    ...(p === undefined ? [] : [`p ${formatProbability(p).startsWith('<') ? '' : '= '}${formatProbability(p)}`]),
    ...(p !== undefined || interval95 === undefined
      ? []
      : [`95 % interval ${interval95.map((end) => gateAmount(gate, end)).join(' to ')}`]),
    ...(parts === undefined ? [] : [`worst of ${parts}`]),
    ...(images === undefined ? [] : [`${images} images`]),
  ];
  return `${isBeyondChance ? 'beyond' : 'within'} chance: ${TEST_TITLES[test]}, ${facts.join(', ')}`;
}

const TEST_TITLES: Readonly<Record<Exclude<GateStatistics['test'], 'exact' | 'single'>, string>> = {
  mcnemar: "McNemar's exact test against FP32",
  'paired-bootstrap': 'paired bootstrap over the images against FP32',
  wilson: "Wilson's interval of the share against the limit",
  'order-statistics': 'order statistics of the timed inferences against the limit',
  'normal-mean': 'normal interval of the mean time against the limit',
  'drift-noise': 'noise of as many images against the limit',
  'separate-intervals': 'intervals of both runs',
};
