import type { PairedRatio } from '../runs/latency';
import type { Method } from '../project/methods';
import type { Precision, Target } from '../project/precision';

/** Results of the analyses: plain data, written to `analysis/*.json` of a project and sent over links as they are. */

/**
 * cause: only this layer is INT8, the rest FP32 (who does the damage). visible: everything is INT8, the error at the layer's own
 * output (where damage shows). release: everything is INT8 but this layer (what is won back by leaving it out).
 */
export const SENSITIVITY_KINDS = ['cause', 'visible', 'release'] as const;
export type SensitivityKind = (typeof SENSITIVITY_KINDS)[number];

/** sqnr: dB at the model's outputs; agreement: percent of FP32's answers kept; top1 and worst-group need labels, percent. */
export const SENSITIVITY_METRICS = ['sqnr', 'agreement', 'top1', 'worst-group'] as const;
export type SensitivityMetric = (typeof SENSITIVITY_METRICS)[number];

/** How a variant answered on a set of images, against FP32. */
export interface TrialQuality {
  /** Sum of squared differences over sum of FP32's squares, of the output that lost most; before any final Softmax. */
  readonly nmse: number;
  /** 10 log10(1 / nmse); null without any difference. */
  readonly sqnrDb: number | null;
  /** Of the group with the largest nmse; null without groups. */
  readonly worstGroupNmse: { readonly name: string; readonly nmse: number } | null;
  /** Percent of images answered as by FP32; null without an output of shape [batch, classes]. */
  readonly agreement: number | null;
  /** Percent; null without labels. */
  readonly top1: number | null;
  /** The group with the lowest top-1; null without labels or groups. */
  readonly worstGroup: { readonly name: string; readonly top1: number } | null;
  /** Top-1 of every group, percent; empty without labels or groups. */
  readonly groupTop1: Readonly<Record<string, number>>;
}

export interface SensitivityLayer {
  readonly layer: string;
  readonly op: string;
  /** Larger matters more. release: what is won back; cause: what is lost; for SQNR of cause and visible: minus its dB. */
  readonly score: number;
  readonly metric: SensitivityMetric;
  /** Of the model with this one change; null for kind visible. */
  readonly quality: TrialQuality | null;
  /** dB: at the model's outputs, for visible at the layer's own; null without any error. */
  readonly sqnrDb: number | null;
}

export interface SensitivityResult {
  readonly kind: SensitivityKind;
  readonly metric: SensitivityMetric;
  readonly target: Target;
  readonly set: 'calibration' | 'validation';
  readonly images: number;
  /** What the changes are compared with: release and visible: everything INT8; cause: FP32. */
  readonly baseline: TrialQuality;
  /** Sorted by score, highest first. */
  readonly layers: readonly SensitivityLayer[];
  /** Runs of the model: images times models that were tried. */
  readonly passes: number;
  readonly seconds: number;
  readonly createdAt: string;
}

/** Why `auto` chose a tensor's threshold. */
export interface AutoChoice {
  readonly tensor: string;
  readonly method: Method;
  /** Real units. */
  readonly threshold: number;
  /** Stable: `same-as-single`, `descent`, `no-effect`. */
  readonly code: string;
  /** One sentence for a person. */
  readonly reason: string;
}

/** Objective of `auto`: nmse at the outputs of the worst group (of all images, without groups). */
export interface AutoObjective {
  /** On the images that the choice was made on. */
  readonly chosen: number;
  /** On calibration images that the choice did not see. */
  readonly confirmed: number;
}

export interface AutoResult {
  readonly target: Target;
  readonly images: { readonly chosen: number; readonly confirmed: number };
  readonly groups: readonly string[];
  /** Every method used for all tensors. */
  readonly singles: readonly (AutoObjective & { readonly method: Method })[];
  /** What the descent over tensors reached. */
  readonly descent: AutoObjective;
  /** `descent` when its gain held on unseen images, else the best single method is what `auto` is. */
  readonly verdict: 'descent' | 'single';
  readonly bestSingle: Method;
  /** One sentence: what auto is here, and whether it is better than one method. */
  readonly summary: string;
  readonly choices: readonly AutoChoice[];
  readonly passes: number;
  readonly seconds: number;
  readonly createdAt: string;
}

/** One plan that the search tried. */
export interface SearchPlan {
  /** Layers that were released from INT8, in the order of release. */
  readonly fp16Layers: readonly string[];
  readonly quality: TrialQuality;
  /** Same as in quality; absent without labels. */
  readonly top1?: number;
  readonly worstGroupTop1?: number;
  /** Of one image (or of the benchmark's batch, where engines were measured). */
  readonly latencyMs: number;
  readonly latencyKind: 'measured' | 'modelled';
  /** Over FP32's, round by round; where both were measured. */
  readonly ratioToFp32?: PairedRatio;
  readonly meetsLimit: boolean;
  /** No other plan is both faster and better. */
  readonly isPareto: boolean;
  /**
   * What is at least as fast and as accurate and better in one of the two, by latencies of the same kind: another plan, as an index
   * into plans, or FP32. Absent: nothing is. Such a plan is not adopted.
   */
  readonly dominatedBy?: number | 'fp32';
}

export interface ReferenceLatency {
  readonly variant: 'fp32' | 'fp16';
  readonly latencyMs: number;
  readonly latencyKind: 'measured' | 'modelled';
}

export interface SearchResult {
  readonly target: Target;
  /** Whose thresholds the plans have, for all tensors; null: those that were in use. */
  readonly method: Method | null;
  /** What the plans were judged on. `against`: unlabelled images from the field, by agreement with FP32 and output error. */
  readonly judgedOn: 'validation' | 'against' | 'calibration';
  readonly images: number;
  readonly fp32: TrialQuality;
  readonly limits: SearchLimits;
  /** Layers by what their release wins back, best first. */
  readonly ranking: readonly { readonly layer: string; readonly gain: number }[];
  /** Few released layers first. */
  readonly plans: readonly SearchPlan[];
  /** What plans compare with; FP16 where the backend runs it, or where all latencies are modelled. */
  readonly references: readonly ReferenceLatency[];
  /** Index into plans; null when no plan meets the limits. No other plan that meets them dominates it. */
  readonly chosen: number | null;
  readonly summary: string;
  readonly passes: number;
  readonly seconds: number;
  readonly createdAt: string;
}

export interface SearchLimits {
  /** Percentage points of top-1 (of agreement without labels) below FP32. */
  readonly maxDrop: number;
  /** Percentage points, each group against its own FP32. */
  readonly maxWorstGroupDrop: number;
  readonly maxLayers: number | null;
  /** Without labels: output error (nmse) of the worst group. */
  readonly maxNmse: number;
}

/** What a diagnosis is about: a group, a class, or a pair of answers that are confused. */
export type DiagnosisSubject =
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'class'; readonly label: number }
  | { readonly kind: 'confusion'; readonly from: number; readonly to: number };

/** A change to the project that can be tried with one click, with its measured effect on the images in question. */
export interface DiagnosisAction {
  readonly kind: 'release' | 'threshold';
  /** Layer (release) or tensor (threshold). */
  readonly name: string;
  /** release: what the layer is to run in. */
  readonly precision?: Precision;
  /** threshold: the method that the tensor is to use. */
  readonly method?: Method;
  readonly before: TrialQuality;
  readonly after: TrialQuality;
  /** One sentence for a person. */
  readonly sentence: string;
}

export interface DiagnosisResult {
  readonly variant: string;
  readonly target: Target;
  readonly subject: DiagnosisSubject;
  /** Name of the subject for a person: `night`, `class 6`, `6 read as 8`. */
  readonly title: string;
  readonly images: number;
  /** Tensors that clip these images, worst first; fractions 0..1 of values beyond the threshold. */
  readonly clipped: readonly {
    readonly tensor: string;
    readonly threshold: number;
    readonly clippedFraction: number;
    readonly elsewhere: number;
  }[];
  /** Best first. */
  readonly actions: readonly DiagnosisAction[];
  /** One paragraph in words. */
  readonly summary: string;
  readonly createdAt: string;
}
