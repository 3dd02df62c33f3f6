import type { LayerId } from '../base/brand';

export const PRECISIONS = ['int8', 'fp16', 'fp32'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** How Q/DQ are placed and which restrictions hold. */
export const TARGETS = ['tensorrt', 'onnxruntime'] as const;
export type Target = (typeof TARGETS)[number];

export const BACKENDS = ['ort-cpu', 'ort-webgpu', 'ort-cuda', 'tensorrt'] as const;
export type BackendId = (typeof BACKENDS)[number];

/** Layer -> precision for the layers that a person (or a preset, or the search) decided; all others are int8. */
export interface PrecisionPlan {
  readonly layers: Readonly<Record<string, Precision>>;
}

export const EMPTY_PLAN: PrecisionPlan = { layers: {} };

export function precisionOf(plan: PrecisionPlan, layer: LayerId): Precision {
  return plan.layers[layer] ?? 'int8';
}

/** One decision about one layer (or one edge of it), for `--explain` and the graph view. */
export interface PlacementDecision {
  readonly layer: LayerId;
  /** ONNX op type of the layer. */
  readonly op: string;
  /** What the layer will run in. */
  readonly precision: Precision;
  /** Stable machine-readable reason, for example `residual-shortcut`. */
  readonly code: string;
  /** One sentence for a person. */
  readonly reason: string;
  /** The edge that the decision is about, when it is about one. */
  readonly tensor?: string;
}
