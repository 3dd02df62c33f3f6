import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { Trial } from '../../analysis/trials';
import { GraphIndex } from '../../onnx/graph/graph-index';
import type { Model } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { loadPrepared, preparedWeights } from '../../onnx/passes/prepared-store';
import { encodeModel } from '../../onnx/wire/wire-writer';
import { biasShiftModel, correctableBiases } from '../../quantization/rewrite/bias-correction';
import type { LayerBias } from '../../../src-shared/domain/analysis/repair';
import { graphFacts } from '../../quantization/rules/graph-facts';
import {
  placeQdq,
  quantizeModel,
  rangeFacts,
  withOutputs,
  type QuantizedModel,
} from '../../quantization/rewrite/quantize';
import { WeightScales } from '../../quantization/rewrite/weight-scales';

/** A model as ONNX Runtime opens it. */
export interface TrialModel {
  readonly bytes: Uint8Array;
  readonly hasFp16: boolean;
}

/**
 * Makes the models of trials. Their weights stay in the prepared folder. The prepared model and the maxima of its
 * weights are read once.
 */
export class TrialModels {
  private readonly model: Model;
  private readonly weights: WeightScales;
  /** Q/DQ run in float arithmetic; false: ONNX Runtime fuses them into INT8 kernels. */
  readonly simulates: boolean;

  /** Names of the outputs that are compared with FP32, in the order of the model. */
  readonly outputNames: readonly string[];
  /** Outputs that a task reads beside those that are compared. */
  private readonly read: readonly string[];

  /** @param task null: not decided. */
  constructor(
    readonly preparedDir: string,
    private readonly target: Target,
    private readonly ranges: TensorRanges,
    { asShipped = false, task = null }: { readonly asShipped?: boolean; readonly task?: Task | null } = {},
  ) {
    const model = loadPrepared(preparedDir);
    this.model = asShipped ? model : withLogits(model);
    this.outputNames = this.model.graph.output.map(({ name }) => name);
    const compared = new Set(this.outputNames);
    this.read = task === null ? [] : model.graph.output.map(({ name }) => name).filter((name) => !compared.has(name));
    this.simulates = !asShipped || target !== 'onnxruntime';
    this.weights = new WeightScales(this.model);
  }

  /** The FP32 model. @param observed tensors to expose beside the outputs. */
  reference(observed: readonly string[] = []): TrialModel {
    return { bytes: this.encode(withOutputs(this.model, [...this.read, ...observed])), hasFp16: false };
  }

  /** @param observed tensors to expose beside the outputs, in float32. */
  of(trial: Trial, observed: readonly string[] = []): TrialModel {
    const { model, hasFp16 } = this.quantized(trial, [...this.read, ...observed]);
    return { bytes: this.encode(model), hasFp16 };
  }

  /** A model that yields the shifts of the biases of quantized layers, see biasShiftModel. */
  shifts(trial: Trial): TrialModel & { readonly biases: readonly LayerBias[] } {
    const placement = placeQdq(this.model, trial.plan, this.target, {
      ranges: rangeFacts(this.weights, this.ranges),
      thresholds: trial.thresholds,
    });
    const biases = correctableBiases(graphFacts(this.model), placement);
    const { model, hasFp16 } = this.quantized(trial, []);
    return { bytes: this.encode(biasShiftModel(this.model, model, biases)), hasFp16, biases };
  }

  private quantized(
    { plan, thresholds, biases = [], only, activationType = 'int8' }: Trial,
    observed: readonly string[],
  ): QuantizedModel {
    return quantizeModel({
      model: this.model,
      target: this.target,
      plan,
      thresholds,
      biases,
      activationType,
      ranges: this.ranges,
      purpose: this.simulates ? 'simulation' : 'engine',
      weights: this.weights,
      ...(only === undefined ? {} : { only }),
      observed,
    });
  }

  private encode(model: Model): Uint8Array {
    return encodeModel(model, { externalTo: preparedWeights(this.preparedDir) });
  }
}

/**
 * Replaces outputs of a final Softmax by its inputs: Softmax hides errors of confident answers and magnifies those of
 * uncertain ones. The index of the largest entry does not change.
 */
export function withLogits(model: Model): Model {
  const { graph } = model;
  const index = new GraphIndex(graph);
  const output = graph.output.map((info) => {
    const node = index.producer(info.name)?.node;
    const input = node?.input[0];
    return node && input !== undefined && isOp(node, 'Softmax', 'LogSoftmax') ? { ...info, name: input } : info;
  });
  return { ...model, graph: { ...graph, output } };
}
