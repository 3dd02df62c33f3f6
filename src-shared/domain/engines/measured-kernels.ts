import {
  list,
  measured,
  object,
  optional,
  positiveInteger,
  record,
  text,
  yes,
  type InferOutput,
} from '../../base/schema';
import { conversionModelSchema } from './conversion-model';

const measuredKernelSchema = object({
  /** Milliseconds of its kernels, without conversions. */
  floatMs: measured,
  int8Ms: measured,
  /** Times of another size: this one lies between two measured sizes that agree. */
  isNear: optional(yes),
  /** From the table that came with the program, because no engine of the user's GPU had this layer. */
  isShipped: optional(yes),
});
export type MeasuredKernel = InferOutput<typeof measuredKernelSchema>;

export const measuredKernelsSchema = object({
  /** Name and compute capability of the GPU that the times were measured on. */
  gpu: text,
  tensorrt: text,
  /** Hash of the tables that the times come from. */
  table: text,
  batches: list(
    object({
      batch: positiveInteger,
      conversions: conversionModelSchema,
      /** Compute layer -> its times at this batch size. */
      layers: record(measuredKernelSchema),
      /** Compute layer -> milliseconds in FP16, of those that were not measured in INT8. */
      floatOnly: optional(record(measured)),
    }),
  ),
});
/**
 * The measured times of the layers of a model, as a plan keeps them: the placement is then the same on every machine,
 * whatever its tables know.
 */
export type MeasuredKernels = InferOutput<typeof measuredKernelsSchema>;
