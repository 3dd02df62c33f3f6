import type { Precision } from '../project/precision';

/**
 * A model of a layer's time on a GPU, for ranking layers and for drawing plans that were not measured: the maximum of
 * its arithmetic time and its memory time, plus one kernel launch. The rates are those of an NVIDIA T4 (data sheet: 130
 * INT8 TOPS, 65 FP16 and 8.1 FP32 TFLOPS, two operations per multiply-accumulate; 320 GB/s). Only differences between
 * plans of one model are meaningful.
 */
const MACS_PER_US: Readonly<Record<Precision, number>> = { int8: 65e6, fp16: 32.5e6, fp32: 4.05e6 };
const BYTES_PER_US = 320e3;
const BYTES_PER_VALUE: Readonly<Record<Precision, number>> = { int8: 1, fp16: 2, fp32: 4 };
const LAUNCH_US = 2;
/** Time of the conversions that a released layer between INT8 layers causes. */
const CONVERSION_US = 2;

/** The work of one layer for one image. */
export interface LayerWork {
  /** Multiply-accumulates; 0 for a layer that only moves values. */
  readonly macs: number;
  /** Number of values that it reads and writes, including weights. */
  readonly values: number;
}

/** Microseconds for one image. */
export function modelledUs(work: LayerWork, precision: Precision): number {
  return (
    Math.max(work.macs / MACS_PER_US[precision], (work.values * BYTES_PER_VALUE[precision]) / BYTES_PER_US) + LAUNCH_US
  );
}

/** Microseconds that the release of an INT8 layer to FP16 costs; above 0. */
export function releaseCostUs(work: LayerWork): number {
  return modelledUs(work, 'fp16') - modelledUs(work, 'int8') + CONVERSION_US;
}

/** Milliseconds for one image with every layer in one precision. */
export function modelledVariantMs(layers: readonly { readonly work: LayerWork }[], precision: Precision): number {
  return layers.reduce((sum, { work }) => sum + modelledUs(work, precision), 0) / 1000;
}

/** Milliseconds for one image of a plan; `released` layers run in FP16. */
export function modelledMs(
  layers: readonly { readonly layer: string; readonly work: LayerWork }[],
  released: ReadonlySet<string>,
): number {
  const us = layers.reduce(
    (sum, { layer, work }) => sum + modelledUs(work, 'int8') + (released.has(layer) ? releaseCostUs(work) : 0),
    0,
  );
  return us / 1000;
}
