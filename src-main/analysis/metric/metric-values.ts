import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Measure } from '../../../src-shared/domain/tasks/measure';

/** Time for one answer unless the metric states another, in seconds. */
export const DEFAULT_TIMEOUT_SECONDS = 30;

const DEEPEST = 100;

export function metricFailed(message: string, hint?: string): WorkbenchError {
  return new WorkbenchError('metric-failed', message, hint === undefined ? {} : { hint });
}

/**
 * What prevents a value from being a record, as the end of a sentence: `record.iou is NaN`; null if nothing does.
 * A record is any JSON value, because it is stored and may cross to another process.
 */
export function recordProblem(value: unknown, path = 'record', depth = 0): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : `${path} is ${value}`;
    case 'object':
      break;
    default:
      return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`;
  }
  if (value === null) return null;
  if (depth > DEEPEST) return `${path} is nested more than ${DEEPEST} levels deep`;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      const problem = recordProblem(item, `${path}[${i}]`, depth + 1);
      if (problem !== null) return problem;
    }
    return null;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (value as { readonly constructor?: { readonly name?: string } }).constructor?.name ?? 'value';
    const hint = ArrayBuffer.isView(value) ? '; Array.from makes a list of it' : '';
    return `${path} is a ${name}, which JSON cannot hold${hint}`;
  }
  for (const [key, item] of Object.entries(value)) {
    const problem = recordProblem(item, `${path}.${key}`, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

/**
 * What a metric returned from `summarize`: `{ name, value, higherIsBetter }`, or `direction: 'higher' | 'lower'` in
 * place of `higherIsBetter`. A value of null or NaN means that the records give no number.
 * @returns the measure, or what was found instead, as the end of a sentence
 */
export function measureOf(result: unknown): Measure | string {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return describe(result);
  const { name, value, higherIsBetter, direction } = result as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || name === '') return `the name ${describe(name)}`;
  if (value !== null && typeof value !== 'number') return `the value ${describe(value)}`;
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return `the value ${value}`;
  const isHigherBetter =
    typeof higherIsBetter === 'boolean'
      ? higherIsBetter
      : direction === 'higher'
        ? true
        : direction === 'lower'
          ? false
          : null;
  if (isHigherBetter === null) return 'neither higherIsBetter nor a direction';
  return { name, value: value ?? Number.NaN, higherIsBetter: isHigherBetter };
}

export const EXPECTED_MEASURE = '{ name, value, higherIsBetter }, with a name and a number';

export function describe(value: unknown): string {
  if (value === undefined) return 'undefined';
  let text: string;
  try {
    text = JSON.stringify(value) ?? typeof value;
  } catch {
    text = typeof value;
  }
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
