import type { LabelOrder } from '../domain/project/image-set';
import type { Method } from '../domain/project/methods';
import type {
  AttentionPrecision,
  FallbackPrecision,
  PrecisionChoice,
  PrecisionPlan,
  Repair,
  Target,
} from '../domain/project/precision';
import type { PartialPreprocessing, Preprocessing } from '../domain/project/preprocessing';
import type { Gates, ProjectFile } from '../domain/project/project';

export interface CreateProjectRequest {
  readonly modelPath: string;
  readonly calibrationPath: string;
  readonly validationPath?: string;
  readonly labelsCsv?: string;
  /** Of class folders that are numbers; default: text. */
  readonly labelOrder?: LabelOrder;
  /** Folder to create; default: the model's name with `.calib`, beside the working directory given. */
  readonly projectPath: string;
  readonly preprocessing: PartialPreprocessing;
}

/**
 * One change to a project. The edits of a request are applied in order, all or none. Names of tensors are globs (`*`, `?`);
 * layers are named by their exact id.
 */
export type ProjectEdit =
  | { readonly kind: 'method'; readonly method: Method }
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'tensor-method'; readonly tensor: string; readonly method: Method }
  | { readonly kind: 'threshold'; readonly tensor: string; readonly thresholdReal: number }
  /** Back to the project's method. */
  | { readonly kind: 'clear-tensor'; readonly tensor: string }
  /**
   * The precision of one layer. `base` is the revision of the layer that the edit was made on: the choice that its author
   * saw. If the layer has another choice by now, because another window or process changed it, all edits of the request
   * are refused with `edit-conflict`. Changes of other layers are kept.
   */
  | {
      readonly kind: 'precision';
      readonly layer: string;
      readonly precision: PrecisionChoice;
      readonly base: PrecisionChoice;
    }
  | { readonly kind: 'fallback-precision'; readonly precision: FallbackPrecision }
  | { readonly kind: 'attention'; readonly attention: AttentionPrecision }
  | { readonly kind: 'repair'; readonly repair: Repair; readonly isOn: boolean }
  /** The whole plan at once: what adopting a plan of the search sends. */
  | { readonly kind: 'plan'; readonly plan: PrecisionPlan }
  | { readonly kind: 'preset'; readonly preset: 'first-and-head-fp16' | 'all-int8' }
  | { readonly kind: 'target'; readonly target: Target }
  /** Sets the limits that are named; null removes one. */
  | { readonly kind: 'gates'; readonly gates: Partial<Gates> }
  | { readonly kind: 'preprocessing'; readonly preprocessing: Preprocessing }
  /** Paths of folders or lists; validation null removes it. */
  | {
      readonly kind: 'sets';
      readonly calibrationPath?: string;
      readonly validationPath?: string | null;
      readonly labelOrder?: LabelOrder;
    }
  /** Where the same model lies now. */
  | { readonly kind: 'model'; readonly modelPath: string }
  /** Everything that edits change, at once: what undo and redo send. */
  | { readonly kind: 'restore'; readonly decisions: ProjectDecisions };

/** The part of a project that edits change. */
export type ProjectDecisions = Pick<
  ProjectFile,
  | 'method'
  | 'percentile'
  | 'tensorMethods'
  | 'manualThresholds'
  | 'plan'
  | 'target'
  | 'gates'
  | 'preprocessing'
  | 'calibrationSet'
  | 'validationSet'
>;

export type SetName = 'calibration' | 'validation';

export interface ExportRequest {
  readonly projectPath: string;
  readonly format: 'triton' | 'trt-cache' | 'report';
  readonly outPath: string;
}
