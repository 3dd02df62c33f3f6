import type { PlacementDecision, Precision } from '../../../src-shared/domain/project/precision';

/** Input `slot` of a layer. */
export interface LayerInput {
  readonly layer: string;
  readonly slot: number;
}

/** An activation that gets one Q/DQ pair, read by `uses`; all other readers keep the float tensor. */
export interface QuantizedTensor {
  readonly tensor: string;
  readonly uses: readonly LayerInput[];
}

/**
 * Tensors that have one scale. Its threshold is the largest of the thresholds of `sources`: the tensor that copies start
 * from, or the output of a Concat, whose histogram is the pooled histogram of its inputs.
 */
export interface ScaleGroup {
  readonly tensors: readonly string[];
  readonly sources: readonly string[];
}

/** A float initializer that a layer reads through Q/DQ with one scale per index of `axis`. */
export interface QuantizedWeight extends LayerInput {
  readonly initializer: string;
  readonly axis: number;
}

/** A float bias that becomes INT32 with scale s_x * s_w[c]. */
export interface QuantizedBias extends LayerInput {
  readonly initializer: string;
  readonly weight: QuantizedWeight;
  /** The quantized data input of the layer that owns `weight`. */
  readonly dataTensor: string;
}

/** A Relu, or a Clip from 0, that is left to the range of its output: see rewrite. */
export interface FoldedActivation {
  readonly layer: string;
  readonly input: string;
  readonly output: string;
  /** Upper bound of a Clip; Infinity for Relu. */
  readonly upperReal: number;
}

/** Where Q/DQ and casts go. Names only; plain data, no weights. */
export interface Placement {
  readonly tensors: readonly QuantizedTensor[];
  /** Groups of two tensors or more; every other tensor has its own threshold. */
  readonly groups: readonly ScaleGroup[];
  readonly weights: readonly QuantizedWeight[];
  readonly biases: readonly QuantizedBias[];
  readonly folded: readonly FoldedActivation[];
  /** Layers whose floating-point side is FP16: what they read beside integers, and what they yield. */
  readonly fp16Layers: ReadonlySet<string>;
  readonly decisions: readonly PlacementDecision[];
}

export interface Verdict {
  readonly precision: Precision;
  readonly code: string;
  readonly reason: string;
}
