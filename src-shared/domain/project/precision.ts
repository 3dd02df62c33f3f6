import type { LayerId } from '../../base/brand';
import { ownValue } from '../../base/records';
import { boolean, converted, object, oneOf, optional, record, type InferOutput } from '../../base/schema';

export const PRECISIONS = ['int8', 'fp16', 'fp32'] as const;
export type Precision = (typeof PRECISIONS)[number];

export const PRECISION_CHOICES = ['auto', ...PRECISIONS] as const;
/**
 * What a layer is asked to run in. `auto`: the rules of the target decide. `int8`: INT8 was asked for by name, which
 * overrules the rules that keep a layer in floating point for speed only.
 */
export type PrecisionChoice = (typeof PRECISION_CHOICES)[number];

/** How Q/DQ are placed and which restrictions hold. */
export const TARGETS = ['tensorrt', 'onnxruntime'] as const;
export type Target = (typeof TARGETS)[number];

export const BACKENDS = ['ort-cpu', 'ort-webgpu', 'ort-cuda', 'tensorrt'] as const;
export type BackendId = (typeof BACKENDS)[number];

export const FALLBACK_PRECISIONS = ['fp16', 'fp32'] as const;
/** The precision of layers that do not run in INT8 and have no precision of their own. */
export type FallbackPrecision = (typeof FALLBACK_PRECISIONS)[number];

export const ATTENTION_PRECISIONS = ['float', 'int8'] as const;
/** How products of two activations (Q·Kᵀ and the product with V) are computed. */
export type AttentionPrecision = (typeof ATTENTION_PRECISIONS)[number];

export const REPAIRS = ['equalization', 'biasCorrection'] as const;
export type Repair = (typeof REPAIRS)[number];

export const repairsSchema = object({
  equalization: optional(boolean),
  biasCorrection: optional(boolean),
} satisfies Record<Repair, unknown>);
/**
 * Changes of weights that keep the FP32 results and lose less in INT8. A repair that is absent is off. `equalization`
 * scales channels between layers, so that the prepared model and its calibration change; `biasCorrection` changes the
 * biases of quantized variants only.
 */
export type Repairs = InferOutput<typeof repairsSchema>;

const presentPlanSchema = object({
  /**
   * Layer -> precision of the layers that a person, a preset or the search decided; a layer without an entry is on
   * `auto`.
   */
  layers: record(oneOf(...PRECISIONS)),
  /** Absent: the target's default, see `fallbackPrecisionOf`. */
  fallbackPrecision: optional(oneOf(...FALLBACK_PRECISIONS)),
  /** For the target tensorrt. Absent: float, so that TensorRT can fuse attention as a whole. */
  attention: optional(oneOf(...ATTENTION_PRECISIONS)),
  repairs: optional(repairsSchema),
});
/** What the layers of a model should compute in. */
export type PrecisionPlan = InferOutput<typeof presentPlanSchema>;

/**
 * A precision plan. Older project files and run records name the fallback precision `rest`; it is read under its
 * present name, so that a file is written in the present form when it is saved next.
 */
export const planSchema = converted(withPresentNames, presentPlanSchema);

function withPresentNames(plan: unknown): unknown {
  if (typeof plan !== 'object' || plan === null || !('rest' in plan) || 'fallbackPrecision' in plan) return plan;
  const { rest, ...others } = plan;
  return { ...others, fallbackPrecision: rest };
}

export const EMPTY_PLAN: PrecisionPlan = { layers: {} };

/** The precision that a layer is meant to have: INT8 on `auto`, which the rules of the target may refuse. */
export function precisionOf(plan: PrecisionPlan, layer: LayerId): Precision {
  return ownValue(plan.layers, layer) ?? 'int8';
}

export function choiceOf(plan: Pick<PrecisionPlan, 'layers'>, layer: string): PrecisionChoice {
  return ownValue(plan.layers, layer) ?? 'auto';
}

/** The plan with other choices for some layers; the entry of a layer on `auto` is removed. */
export function withChoices(
  plan: PrecisionPlan,
  choices: Iterable<readonly [layer: string, choice: PrecisionChoice]>,
): PrecisionPlan {
  const layers = new Map<string, Precision>(Object.entries(plan.layers));
  for (const [layer, choice] of choices) {
    if (choice === 'auto') layers.delete(layer);
    else layers.set(layer, choice);
  }
  return { ...plan, layers: Object.fromEntries(layers) };
}

/** The plan as commands print it with --json: `rest`, the older name of `fallbackPrecision`, stays beside it. */
export function planJson(plan: PrecisionPlan): PrecisionPlan & { readonly rest?: FallbackPrecision } {
  return plan.fallbackPrecision === undefined ? plan : { ...plan, rest: plan.fallbackPrecision };
}

export function hasRepair(plan: PrecisionPlan, repair: Repair): boolean {
  return plan.repairs?.[repair] === true;
}

/** The plan with a repair on or off; what is off is not written, so that equal plans look equal. */
export function withRepair(plan: PrecisionPlan, repair: Repair, isOn: boolean): PrecisionPlan {
  const on = Object.fromEntries(
    REPAIRS.filter((each) => (each === repair ? isOn : hasRepair(plan, each))).map((each) => [each, true]),
  );
  return Object.keys(on).length === 0 ? withoutRepairs(plan) : { ...plan, repairs: on };
}

export function withoutRepairs(plan: PrecisionPlan): PrecisionPlan {
  const { repairs, ...others } = plan;
  return repairs === undefined ? plan : others;
}

/**
 * TensorRT computes what is not INT8 in FP16 unless told otherwise: in a strongly typed network nothing else makes it
 * use its FP16 kernels. ONNX Runtime's CPU provider has no FP16 kernels, so that FP16 would only cost there.
 */
export function fallbackPrecisionOf(plan: PrecisionPlan, target: Target): FallbackPrecision {
  return plan.fallbackPrecision ?? (target === 'tensorrt' ? 'fp16' : 'fp32');
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

/**
 * A reason why FP16 does not suit a layer. Refused: values are too large or too small for FP16, so that the layer stays
 * in FP32. Coarse: the values fit, but are rounded to steps of 0.5 or more.
 */
export interface Fp16Hazard {
  readonly code:
    | 'fp16-refused-weight'
    | 'fp16-refused-activation'
    | 'fp16-refused-accumulation'
    | 'fp16-refused-constant'
    | 'fp16-refused-underflow'
    | 'fp16-coarse';
  /** The tensor or initializer that it is about. */
  readonly tensor: string;
  /**
   * Its largest magnitude. For an accumulation, the largest magnitude that a partial sum can reach; for a constant, the
   * magnitude of the value that is lost.
   */
  readonly amaxReal: number;
  /** One sentence for a person. */
  readonly reason: string;
}
