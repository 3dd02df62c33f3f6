import type { Repairs, Target } from '../project/precision';

/** The bias that a quantized layer adds. `layer` and input `slot` say who reads it: the layer, or the Add behind a MatMul. */
export interface LayerBias {
  readonly layer: string;
  readonly slot: number;
  readonly initializer: string;
  /** The layer whose weights are quantized; the bias is added to its result. */
  readonly owner: string;
  /** ONNX op type of the owner. */
  readonly op: string;
  readonly channels: number;
}

/** A bias and what is added to it, one value per output channel, real units. */
export interface BiasCorrection extends LayerBias {
  readonly shift: readonly number[];
}

/** One variant with one choice of repairs, measured on one set. Percentages are 0..100; what has no meaning is absent. */
export interface RepairRow {
  readonly repairs: Repairs;
  readonly top1?: number;
  readonly worstGroup?: { readonly name: string; readonly top1: number };
  readonly agreement?: number;
  /** Of the output that lost most against FP32; absent where there is no error at all. */
  readonly outputSqnrDb?: number;
  /** Corrected biases were measured, but bring other images no nearer to FP32: the row has the model's own. */
  readonly biasesDropped?: boolean;
}

/** A variant without repairs, with each, and with both. */
export interface RepairResult {
  readonly variant: string;
  readonly target: Target;
  readonly set: 'calibration' | 'validation';
  readonly images: number;
  readonly fp32: Pick<RepairRow, 'top1' | 'worstGroup'>;
  readonly rows: readonly RepairRow[];
  /** Layers whose weights equalization changes; 0: the rows with it are left out. */
  readonly equalizedLayers: number;
  /** Why equalization leaves the outputs of other layers alone, most frequent reason first. */
  readonly notEqualized: readonly { readonly reason: string; readonly layers: number }[];
  readonly seconds: number;
  readonly createdAt: string;
}
