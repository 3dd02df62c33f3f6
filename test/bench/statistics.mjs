/** The middle value. */
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Median, smallest and largest value. */
export const spread = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) });
