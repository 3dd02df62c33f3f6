/** The rules that choose a threshold for a tensor. */
export const METHODS = ['minmax', 'entropy', 'entropy-tensorrt', 'percentile', 'mse', 'auto', 'imported', 'manual'] as const;
export type Method = (typeof METHODS)[number];

/** The methods that any stored histogram answers. */
export const HISTOGRAM_METHODS = ['minmax', 'entropy', 'percentile', 'mse'] as const;
export type HistogramMethod = (typeof HISTOGRAM_METHODS)[number];

/** The methods that a variant can use for every tensor, whatever the project says. */
export const VARIANT_METHODS = [...HISTOGRAM_METHODS, 'entropy-tensorrt', 'auto', 'imported'] as const;
export type VariantMethod = (typeof VARIANT_METHODS)[number];

/** Default share of values inside the threshold of `percentile`, in percent. */
export const DEFAULT_PERCENTILE = 99.99;

export function isHistogramMethod(text: string): text is HistogramMethod {
  return (HISTOGRAM_METHODS as readonly string[]).includes(text);
}

export function isVariantMethod(text: string): text is VariantMethod {
  return (VARIANT_METHODS as readonly string[]).includes(text);
}
