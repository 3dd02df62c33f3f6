import type { Method } from '../../src-shared/domain/methods';
import type { Precision } from '../../src-shared/domain/precision';

/** Letters and colours that stand for precisions and methods everywhere, so that colour is never the only sign. */
export const PRECISION_LETTERS: Readonly<Record<Precision, string>> = { int8: '8', fp16: '16', fp32: '32' };

export const METHOD_LETTERS: Readonly<Record<Method, string>> = {
  minmax: 'M',
  entropy: 'E',
  'entropy-tensorrt': 'T',
  percentile: 'P',
  mse: 'S',
  auto: 'A',
  imported: 'I',
  manual: 'H',
};

export function precisionColor(precision: Precision): string {
  return `var(--${precision})`;
}

export function methodColor(method: Method): string {
  return `var(--method-${method})`;
}

const SERIES_COLORS = 8;

/** The colour of the nth group or variant (0-based) on every chart. */
export function seriesColor(index: number): string {
  return `var(--series-${(index % SERIES_COLORS) + 1})`;
}

export const RAMP_STEPS = 7;

/** Step 0 (bad) to 6 (good) of the ramp for a goodness of 0..1. */
export function rampStep(goodness: number): number {
  return Math.min(RAMP_STEPS - 1, Math.max(0, Math.floor(goodness * RAMP_STEPS)));
}

export function rampColor(goodness: number): string {
  return `var(--ramp-${rampStep(goodness)})`;
}
