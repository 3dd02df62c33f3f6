import {
  formatAccuracy,
  formatDb,
  formatDuration,
  formatFixed,
  formatMb,
  formatMs,
  formatRate,
} from '../../base/units';
import { formatMeasure, formatMeasureDifference } from '../tasks/measure-text';
import type { MetricName } from './history-entry';

export interface Metric {
  /** In English, for the command line and files. */
  readonly title: string;
  readonly isBetter: 'lower' | 'higher' | 'neither';
  /** Whether the value depends on the machine that the run was made on. */
  readonly isOfHardware: boolean;
  /** Names of units in files for machines: `seconds`, `bytes`, `ratio`; omitted for values without a unit. */
  readonly unit?: string;
}

const cost = (title: string, isBetter: Metric['isBetter'], unit?: string): Metric => ({
  title,
  isBetter,
  isOfHardware: true,
  ...(unit === undefined ? {} : { unit }),
});
const quality = (title: string, isBetter: Metric['isBetter'], unit?: string): Metric => ({
  ...cost(title, isBetter, unit),
  isOfHardware: false,
});

/** Everything of which a trend can be drawn; all numbers are of the shipped variant. */
export const METRICS: Readonly<Record<MetricName, Metric>> = {
  measure: quality('measure', 'higher'),
  drop: quality('drop against FP32', 'lower'),
  worstGroupDrop: quality('largest drop of a group', 'lower'),
  agreement: quality('agreement with FP32', 'higher', 'percent'),
  outputSqnrDb: quality('output SQNR', 'higher', 'decibel'),
  latencyMs: cost('median latency', 'lower', 'milliseconds'),
  p99LatencyMs: cost('P99 latency', 'lower', 'milliseconds'),
  gain: cost('speed against FP32', 'higher', 'ratio'),
  throughputPerSecond: cost('throughput', 'higher', 'per_second'),
  memoryMb: cost('memory', 'lower', 'megabytes'),
  sizeMb: quality('size', 'lower', 'megabytes'),
  buildSeconds: cost('build time', 'lower', 'seconds'),
  int8Time: cost('convolution time in INT8', 'higher', 'percent'),
  thresholdLog2: quality('mean log2 of the thresholds', 'neither'),
  drift: quality('drift of the validation images', 'lower'),
};

/** A value of a metric with its unit. @param measure the name of the task's measure */
export function formatMetric(name: MetricName, value: number, measure = 'top-1'): string {
  switch (name) {
    case 'measure':
      return formatMeasure(measure, value);
    case 'drop':
    case 'worstGroupDrop':
      return formatMeasureDifference(measure, value).replace(/^\+/, '');
    case 'latencyMs':
    case 'p99LatencyMs':
      return formatMs(value);
    case 'gain':
      return `${formatFixed(value, 2)}x`;
    case 'throughputPerSecond':
      return formatRate(value, 'images');
    case 'memoryMb':
    case 'sizeMb':
      return formatMb(value);
    case 'buildSeconds':
      return formatDuration(value);
    case 'agreement':
    case 'int8Time':
      return formatAccuracy(value);
    case 'outputSqnrDb':
      return formatDb(value);
    case 'thresholdLog2':
    case 'drift':
      return formatFixed(value, 3);
  }
}
