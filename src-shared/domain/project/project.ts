import type { LabelOrder } from './image-set';
import type { Preprocessing } from './preprocessing';
import type { Method } from './methods';
import type { PrecisionPlan, Target } from './precision';

export const PROJECT_VERSION = 1;

export interface ModelReference {
  readonly path: string;
  /** Of the file itself. */
  readonly sha256: string;
  /** Files of external data, relative to the model's folder; absent where there are none. */
  readonly weights?: readonly { readonly file: string; readonly sha256: string }[];
}

export interface SetReference {
  /** Absolute path of a folder or of a list file. */
  readonly path: string;
  /** Absolute path of a labels CSV, when one was named. */
  readonly labels: string | null;
  /** Of class folders that are numbers; absent: text. */
  readonly labelOrder?: LabelOrder;
}

/** A limit that a run must meet; drops are in percentage points against FP32. */
export interface Gates {
  readonly maxTop1Drop: number | null;
  readonly maxWorstGroupDrop: number | null;
  readonly minTop1: number | null;
  readonly maxLatencyMs: number | null;
}

/** `project.json`: everything a person decided about one model, and nothing that can be computed again. */
export interface ProjectFile {
  readonly version: typeof PROJECT_VERSION;
  readonly name: string;
  readonly model: ModelReference;
  readonly calibrationSet: SetReference;
  readonly validationSet: SetReference | null;
  readonly preprocessing: Preprocessing;
  /** Which parts of the preprocessing were guessed from the model, as sentences. */
  readonly preprocessingNotes: readonly string[];
  /** The method of every tensor that has none of its own. */
  readonly method: Method;
  /** Percentile of method `percentile`, in percent. */
  readonly percentile: number;
  /** Tensor -> method, where it differs. */
  readonly tensorMethods: Readonly<Record<string, Method>>;
  /** Tensor -> threshold in real units set by hand. */
  readonly manualThresholds: Readonly<Record<string, number>>;
  /** Thresholds read from a TensorRT calibration cache: tensor -> threshold in real units. */
  readonly importedThresholds: Readonly<Record<string, number>>;
  readonly plan: PrecisionPlan;
  readonly target: Target;
  readonly gates: Gates;
}
