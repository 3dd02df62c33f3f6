import type { LayerFormat, PlacementDecision, Precision } from '../../../src-shared/domain/project/precision';

/** Input `slot` of a layer. */
export interface LayerInput {
  readonly layer: string;
  readonly slot: number;
}

/** Tells inputs of layers apart, in maps and sets. */
export function useKey({ layer, slot }: LayerInput): string {
  return `${slot} ${layer}`;
}

/** An activation that gets one Q/DQ pair, read by `uses`; all other readers keep the float tensor. */
export interface QuantizedTensor {
  readonly tensor: string;
  readonly uses: readonly LayerInput[];
}

/**
 * Tensors that share one scale. Its threshold is the largest threshold of `sources`: the tensor that is copied, or the
 * output of a Concat, whose histogram contains the values of all inputs.
 */
export interface ScaleGroup {
  readonly tensors: readonly string[];
  readonly sources: readonly string[];
}

/** A float initializer that a layer reads through Q/DQ with one scale per index of `axis`. */
export interface QuantizedWeight extends LayerInput {
  readonly initializer: string;
  readonly axis: number;
  /** For INT4 weights of two dimensions: values along the other axis that share a scale. */
  readonly blockSize?: number;
}

/** A float bias that becomes INT32 with scale s_x * s_w[c]. */
export interface QuantizedBias extends LayerInput {
  readonly initializer: string;
  readonly weight: QuantizedWeight;
  /** The quantized data input of the layer that owns `weight`. */
  readonly dataTensor: string;
}

/** A Relu, or a Clip with lower bound 0, that is expressed by the range of its output instead of a node. */
export interface FoldedActivation {
  readonly layer: string;
  readonly input: string;
  readonly output: string;
  /** Upper bound of a Clip; Infinity for Relu. */
  readonly upperReal: number;
}

/** The positions of Q/DQ nodes and casts, as names; weights are not included. */
export interface Placement<Format extends LayerFormat = Precision> {
  readonly tensors: readonly QuantizedTensor[];
  /** Groups of at least two tensors with a common scale; every other tensor has its own threshold. */
  readonly groups: readonly ScaleGroup[];
  readonly weights: readonly QuantizedWeight[];
  readonly biases: readonly QuantizedBias[];
  readonly folded: readonly FoldedActivation[];
  /** Layers whose floating-point inputs and outputs are FP16. */
  readonly fp16Layers: ReadonlySet<string>;
  readonly decisions: readonly PlacementDecision<Format>[];
}

export interface Verdict<Format extends LayerFormat = Precision> {
  readonly precision: Format;
  readonly code: string;
  readonly reason: string;
}
