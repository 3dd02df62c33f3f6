import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { UnfinishedRecord } from '../../../src-shared/domain/measures/task-records';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import type { ReferenceAnswer, TrialAnswer } from '../../analysis/trials';
import type { PreparedImage } from '../../backends/feeds';
import type { OutputTensor } from '../../backends/runnable-variant';
import type { ImageOutcome } from '../roles/image-role';
import type { KeptBytes, ProgramRunnerOptions } from './program-runner';
import type { WorkDone } from './trial-clock';
import type { SegmentStructure, TrialProgram } from './trial-program';

/** The data from which a worker makes its role `trials`. */
export interface TrialInit {
  readonly runner: ProgramRunnerOptions;
  readonly feeding: Feeding;
  /** null: not decided; a classification if an output is one. */
  readonly task: Task | null;
  /** See TaskReaderOptions. */
  readonly metricHash?: string;
  /** Names of the outputs that are compared with FP32 by their values. */
  readonly compared: readonly string[];
}

/** A program for a worker. */
export interface SentProgram {
  readonly program: TrialProgram;
  /** Those that the worker does not have yet. */
  readonly structures: readonly SegmentStructure[];
  /** Steps whose outputs the worker keeps. */
  readonly kept: readonly number[];
}

/** Images that go through the model together: at most as many as its batch. */
export type Chunk = readonly number[];

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

/** The requests that a worker with the role `trials` answers. A slot is the index of an image among the entries. */
export interface TrialTasks {
  /** Decodes and preprocesses an image, into memory that all threads share. */
  readonly load: { readonly params: ImageEntry; readonly result: ImageOutcome<PreparedImage> };
  /** Gives a worker the images that other workers loaded. */
  readonly hold: {
    readonly params: readonly { readonly slot: number; readonly entry: ImageEntry; readonly image: PreparedImage }[];
    readonly result: null;
  };
  /** Changes the limits of what the worker keeps. */
  readonly keep: { readonly params: KeptBytes; readonly result: null };
  readonly reference: {
    readonly params: SentProgram & { readonly chunks: readonly Chunk[] };
    readonly result: {
      readonly answers: readonly UnfinishedAnswer<ReferenceAnswer>[];
      /** Per image: the boxes that other answers are compared with. */
      readonly boxes: readonly (readonly TruthBox[])[];
      readonly outputs: readonly (readonly OutputTensor[])[];
    };
  };
  readonly share: { readonly params: SharedReference; readonly result: null };
  readonly run: {
    readonly params: SentProgram & { readonly chunks: readonly Chunk[] };
    readonly result: {
      readonly answers: readonly UnfinishedAnswer<TrialAnswer>[];
      readonly work: WorkDone;
    };
  };
  /** Errors at the outputs of layers; one entry per image, in order. */
  readonly layers: {
    readonly params: {
      readonly fp32: SentProgram;
      readonly quantized: SentProgram;
      readonly tensors: readonly string[];
      readonly chunks: readonly Chunk[];
    };
    readonly result: readonly LayerErrors[];
  };
  /** Shifts of biases; one list per image, in order, with one array per bias. */
  readonly shifts: {
    readonly params: SentProgram & { readonly biases: number; readonly chunks: readonly Chunk[] };
    readonly result: readonly (readonly Float32Array[])[];
  };
}
