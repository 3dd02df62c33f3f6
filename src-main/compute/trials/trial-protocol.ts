import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { UnfinishedRecord } from '../../../src-shared/domain/measures/task-records';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import type { ReferenceAnswer, Trial, TrialAnswer } from '../../analysis/trials';
import type { LayerBias } from '../../../src-shared/domain/analysis/repair';
import type { PreparedImage } from '../../backends/feeds';
import type { OutputTensor } from '../../backends/runnable-variant';
import type { ImageOutcome } from '../roles/image-role';

/** The data from which a worker makes its role `trials`. */
export interface TrialInit {
  readonly preparedDir: string;
  readonly target: Target;
  /**
   * Run models in the same way as validation on ort-cpu: with their original outputs and, for the target onnxruntime,
   * with its INT8 kernels. Otherwise quantization is computed in float arithmetic for every target, and a final Softmax
   * is left out.
   */
  readonly asShipped?: boolean;
  /** Tensor -> range that calibration observed. */
  readonly ranges: TensorRanges;
  readonly feeding: Feeding;
  /** null: not decided; a classification if an output is one. */
  readonly task: Task | null;
  /** See TaskReaderOptions. */
  readonly metricHash?: string;
}

/** FP32's outputs for all images, in memory that all workers share. */
export interface SharedReference {
  /** Slot -> the outputs for its image: float32 values, or int32 values for the integers that a task reads. */
  readonly outputs: ReadonlyMap<number, readonly OutputTensor[]>;
  /** Slot -> the clear detections of FP32; empty for other tasks. */
  readonly boxes: ReadonlyMap<number, readonly TruthBox[]>;
}

/** An answer whose record may have to be compared with those of other images first. */
export type UnfinishedAnswer<A> = Omit<A, 'record'> & { readonly record: UnfinishedRecord | null };

/** For one image, per layer output: the sum of squares of FP32, and that of the difference from FP32. */
export interface LayerErrors {
  readonly tensors: readonly string[];
  readonly signal: readonly number[];
  readonly noise: readonly number[];
}

export interface BiasShifts {
  readonly biases: readonly LayerBias[];
  readonly images: readonly (readonly Float32Array[])[];
}

/** The requests that a worker with the role `trials` answers. A slot is the index of an image among the entries. */
export interface TrialTasks {
  /** Decodes and preprocesses an image, into memory that all threads share. */
  readonly load: { readonly params: ImageEntry; readonly result: ImageOutcome<PreparedImage> };
  /** Gives a worker the images that other workers loaded. */
  readonly hold: {
    readonly params: readonly { readonly slot: number; readonly entry: ImageEntry; readonly image: PreparedImage }[];
    readonly result: null;
  };
  readonly reference: {
    readonly params: { readonly slots: readonly number[] };
    readonly result: {
      readonly answers: readonly UnfinishedAnswer<ReferenceAnswer>[];
      /** Per image: the boxes that other answers are compared with. */
      readonly boxes: readonly (readonly TruthBox[])[];
      readonly outputs: readonly (readonly OutputTensor[])[];
      readonly openMs: number;
      readonly runMs: number;
    };
  };
  readonly share: { readonly params: SharedReference; readonly result: null };
  readonly run: {
    readonly params: { readonly trial: Trial; readonly slots: readonly number[] };
    readonly result: { readonly answers: readonly UnfinishedAnswer<TrialAnswer>[]; readonly runMs: number };
  };
  /** Errors at the outputs of layers; one entry per image, in order. */
  readonly layers: {
    readonly params: { readonly trial: Trial; readonly tensors: readonly string[]; readonly slots: readonly number[] };
    readonly result: readonly LayerErrors[];
  };
  /** Shifts of biases; one list per image, in order, with one array per bias. */
  readonly shifts: {
    readonly params: { readonly trial: Trial; readonly slots: readonly number[] };
    readonly result: BiasShifts;
  };
}
