/**
 * The rules that choose a threshold for a tensor. `best` is one of the histogram methods for all tensors: the one with
 * the lowest error at the model's outputs, decided after collection (see best-method.ts).
 */
export const METHODS = [
  'best',
  'minmax',
  'entropy',
  'entropy-tensorrt',
  'percentile',
  'mse',
  'auto',
  'learned',
  'imported',
  'manual',
] as const;
export type Method = (typeof METHODS)[number];

/** The methods that can be computed from any stored histogram. */
export const HISTOGRAM_METHODS = ['minmax', 'entropy', 'percentile', 'mse'] as const;
export type HistogramMethod = (typeof HISTOGRAM_METHODS)[number];

/** The methods that a variant can use for every tensor, independent of the project's method. */
export const VARIANT_METHODS = [
  ...HISTOGRAM_METHODS,
  'best',
  'entropy-tensorrt',
  'auto',
  'learned',
  'imported',
] as const;
export type VariantMethod = (typeof VARIANT_METHODS)[number];

/** The method of a new project. */
export const DEFAULT_METHOD = 'best' satisfies Method;

/** The method that `best` stands for until it is decided; it clips nothing. */
export const UNDECIDED_METHOD = 'minmax' satisfies HistogramMethod;

/** Default share of values inside the threshold of `percentile`, in percent. */
export const DEFAULT_PERCENTILE = 99.99;

export function isHistogramMethod(text: string): text is HistogramMethod {
  return (HISTOGRAM_METHODS as readonly string[]).includes(text);
}

export function isVariantMethod(text: string): text is VariantMethod {
  return (VARIANT_METHODS as readonly string[]).includes(text);
}
