import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { Trial } from '../../analysis/trials';
import type { Feed, PreparedImage } from '../../backends/feeds';
import type { Block } from '../../quantization/learning/blocks';
import type { ParameterTarget } from '../../quantization/learning/learnable-part';
import type { LossScales } from '../../quantization/learning/step-model';
import type { ImageOutcome } from '../roles/image-role';

/** The data from which a worker makes its role `learning`. */
export interface LearningInit {
  readonly preparedDir: string;
  readonly target: Target;
  /** Tensor -> range that calibration observed. */
  readonly ranges: TensorRanges;
  readonly feeding: Feeding;
  /** For a detector, the decoder tells which values of the outputs matter; null: all values matter alike. */
  readonly task: Task | null;
}

/** Values of tensors that enter or leave blocks, for one sample, in memory that all workers share. */
export interface SampleValues {
  readonly sample: number;
  readonly values: readonly Feed[];
}

/** A parameter of a block, as the worker describes it. */
export interface BlockParameter {
  readonly initial: Float32Array;
  readonly target: ParameterTarget;
  /** The size of a usual change: the RMS of the layer's output for a bias; 1 for other parameters. */
  readonly unit: number;
}

/** The side of a network, with INT8 layers or FP32, or the weights of the values of FP32's tensors. */
export type Side = 'int8' | 'fp32' | 'weights';

/** The requests that a worker with the role `learning` answers. */
export interface LearningTasks {
  /** Decodes and preprocesses an image, into memory that all threads share. */
  readonly load: { readonly params: ImageEntry; readonly result: ImageOutcome<PreparedImage> };
  /** Gives every worker tensors that others computed. */
  readonly hold: {
    readonly params: { readonly side: Side; readonly samples: readonly SampleValues[] };
    readonly result: null;
  };
  /** Forgets the tensors that no later block reads. */
  readonly drop: { readonly params: { readonly keep: readonly string[] }; readonly result: null };
  /** Makes the model that yields weights of values. false: a layer has no gradient rule, so that there are none. */
  readonly openWeights: {
    readonly params: { readonly sample: number; readonly tensors: readonly string[] };
    readonly result: boolean;
  };
  /** Weights of the values of these tensors, see ValueWeights. */
  readonly weigh: {
    readonly params: { readonly sample: number; readonly geometries: readonly (ImageGeometry | null)[] };
    readonly result: SampleValues;
  };
  readonly closeWeights: { readonly params: null; readonly result: null };
  /** Makes the models of a block. */
  readonly begin: {
    readonly params: { readonly block: Block; readonly trial: Trial; readonly roundedLayers: readonly string[] };
    readonly result: null;
  };
  /** FP32's outputs of the block. */
  readonly targets: { readonly params: { readonly sample: number }; readonly result: SampleValues };
  /** Makes the models that learn. `reason`: why the block cannot be learned. */
  readonly prepare: {
    readonly params: { readonly sample: number; readonly scales: LossScales };
    readonly result:
      | { readonly ok: true; readonly parameters: readonly BlockParameter[] }
      | { readonly ok: false; readonly reason: string };
  };
  /** The loss of a sample with these parameters. */
  readonly measure: {
    readonly params: { readonly sample: number; readonly values: readonly Float32Array[] };
    readonly result: number;
  };
  /** The loss of a sample and its gradients, one array per parameter. */
  readonly step: {
    readonly params: { readonly sample: number; readonly values: readonly Float32Array[] };
    readonly result: { readonly loss: number; readonly gradients: readonly Float32Array[] };
  };
  /** The outputs of the INT8 block that later blocks read. Without values, the parameters are as they were. */
  readonly advance: {
    readonly params: { readonly sample: number; readonly values: readonly Float32Array[] };
    readonly result: SampleValues;
  };
  /** Closes the models of the block. */
  readonly end: { readonly params: null; readonly result: null };
}
