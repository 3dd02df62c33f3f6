import { boolean, type InferOutput, measured, object, string } from '../../base/schema';

/**
 * The number that judges a variant. `value` is in points from 0 to 100 for the built-in measures (top-1 in percent; AP
 * and mIoU times 100), and in the unit of the metric for a user's own. NaN and infinity are stored as text.
 */
export const measureSchema = object({
  /** For display: `top-1`, `AP`, `mIoU`, `recall@1`, or the name that the user's metric returns. */
  name: string,
  value: measured,
  higherIsBetter: boolean,
});
export type Measure = InferOutput<typeof measureSchema>;
