import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { ChangedPart } from '../../analysis/expected-work';
import type { Trial } from '../../analysis/trials';
import { GraphIndex } from '../../onnx/graph/graph-index';
import type { Model } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { withoutPluginsAtEnd } from '../../onnx/graph/plugins';
import { staticShapes, type Dims } from '../../onnx/graph/static-shapes';
import { loadPrepared, preparedWeights } from '../../onnx/passes/prepared-store';
import { biasShiftModel, correctableBiases, shiftName } from '../../quantization/rewrite/bias-correction';
import type { LayerBias } from '../../../src-shared/domain/analysis/repair';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { fp16Bits } from '../../quantization/rules/number-formats';
import {
  decideQuantization,
  differInScalesOnly,
  PlacementMemory,
  placeQdq,
  quantizeModel,
  rangeFacts,
  withOutputs,
  type QuantizeDecision,
  type QuantizedModel,
  type QuantizeRequest,
} from '../../quantization/rewrite/quantize';
import { WeightScales } from '../../quantization/rewrite/weight-scales';
import { changedPart } from './changed-part';
import { chooseCuts, WHOLE, withInputDims, type GraphCuts } from './graph-cuts';
import { floatBytes, ProgramMaker, sessionBytes, type SegmentStructure, type TrialProgram } from './trial-program';

export interface TrialModelOptions {
  readonly asShipped?: boolean;
  /** null: not decided. */
  readonly task?: Task | null;
  /** Sizes of the inputs of one run, by name. */
  readonly inputDims?: ReadonlyMap<string, Dims>;
  /** Whether the first axis of every input counts images, and the model leaves its size open. */
  readonly hasOpenBatch?: boolean;
  /** false: every trial is a model of its own, opened and run as a whole. */
  readonly divides?: boolean;
}

/**
 * Makes the programs of trials. Their weights stay in the prepared folder. The prepared model and the maxima of its
 * weights are read once.
 */
export class TrialModels {
  private readonly model: Model;
  private readonly weights: WeightScales;
  private readonly placements = new PlacementMemory();
  /** A race runs the same trials on one part of the images after the other. */
  private readonly programs = new WeakMap<Trial, TrialProgram>();
  /** Q/DQ run in float arithmetic; false: ONNX Runtime fuses them into INT8 kernels. */
  readonly simulates: boolean;
  /** How the model is divided; one segment if it runs with fused kernels, which a cut would change. */
  readonly cuts: GraphCuts;
  private readonly divided: ProgramMaker;
  private readonly whole: ProgramMaker;
  private readonly inputDims: ReadonlyMap<string, Dims>;
  /** The latest program that was not made from another one. */
  private latest: MadeProgram | null = null;
  private knownShapes: ReadonlyMap<string, Dims> | null = null;

  /** Names of the outputs that are compared with FP32, in the order of the model. */
  readonly outputNames: readonly string[];
  /** Outputs that a task reads beside those that are compared. */
  private readonly read: readonly string[];

  constructor(
    readonly preparedDir: string,
    private readonly target: Target,
    private readonly ranges: TensorRanges,
    {
      asShipped = false,
      task = null,
      inputDims = new Map(),
      hasOpenBatch = false,
      divides = true,
    }: TrialModelOptions = {},
  ) {
    const model = withoutPluginsAtEnd(loadPrepared(preparedDir));
    this.model = asShipped ? model : withLogits(model);
    this.outputNames = this.model.graph.output.map(({ name }) => name);
    const compared = new Set(this.outputNames);
    this.read = task === null ? [] : model.graph.output.map(({ name }) => name).filter((name) => !compared.has(name));
    this.simulates = !asShipped || target !== 'onnxruntime';
    this.weights = new WeightScales(this.model);
    this.inputDims = inputDims;
    const isDivided = divides && this.simulates;
    this.cuts = isDivided ? chooseCuts(this.model, inputDims, hasOpenBatch) : WHOLE;
    const options = { weights: preparedWeights(preparedDir), scalesAreInputs: isDivided };
    this.divided = new ProgramMaker(this.model, this.cuts, options);
    this.whole = new ProgramMaker(this.model, WHOLE, options);
  }

  /** The number of segments of a model that is simulated. */
  get partsIfDivided(): number {
    return chooseCuts(this.model, this.inputDims).shares.length;
  }

  structure(id: string): SegmentStructure {
    return this.divided.structure(id) ?? this.whole.structure(id) ?? unknownStructure(id);
  }

  /** The FP32 model. @param observed tensors to yield instead of the outputs */
  reference(observed?: readonly string[]): TrialProgram {
    const names = observed ?? this.allOutputs;
    return this.divided.make({ model: withOutputs(this.model, names), hasFp16: false }, names);
  }

  /** @param observed tensors to yield instead of the outputs, in float32. */
  of(trial: Trial, observed?: readonly string[]): TrialProgram {
    if (observed !== undefined) return this.make(trial, observed);
    const known = this.programs.get(trial);
    if (known !== undefined) return known;
    const program = this.make(trial, this.allOutputs);
    this.programs.set(trial, program);
    return program;
  }

  /** A trial that differs from the latest one in thresholds only has its program with other scales. */
  private make(trial: Trial, names: readonly string[]): TrialProgram {
    const request = this.requestOf(trial, names);
    const decision = decideQuantization(request);
    const { latest } = this;
    if (
      latest !== null &&
      isSameButThresholds(latest.request, request) &&
      differInScalesOnly(latest.decision, decision)
    ) {
      const program = this.divided.rescaled(latest.program, (name, isHalf) => {
        const scale = decision.scales.get(latest.scaleTensors.get(name) ?? '')?.scale;
        return scale === undefined ? undefined : scaleInFile(scale, isHalf);
      });
      if (program !== null) return program;
    }
    const quantized = quantizeModel(request, decision);
    const known = new Set(quantized.model.graph.output.map(({ name }) => name));
    const program = this.divided.make(
      quantized,
      names.filter((name) => known.has(name)),
    );
    this.latest = { request, decision, scaleTensors: quantized.scaleTensors, program };
    return program;
  }

  /** A model that yields the shifts of the biases of quantized layers, see biasShiftModel. */
  shifts(trial: Trial): { readonly program: TrialProgram; readonly biases: readonly LayerBias[] } {
    const placement = placeQdq(this.model, trial.plan, this.target, {
      ranges: rangeFacts(this.weights, this.ranges),
      thresholds: trial.thresholds,
    });
    const biases = correctableBiases(graphFacts(this.model), placement);
    const { model, hasFp16 } = quantizeModel(this.requestOf(trial, []));
    const shifted = biasShiftModel(this.model, model, biases);
    const names = biases.map((_, i) => shiftName(i));
    return { program: this.whole.make({ model: shifted, hasFp16 }, names), biases };
  }

  /** Sizes of tensors for one run, as far as they are known. */
  get shapes(): ReadonlyMap<string, Dims> {
    return (this.knownShapes ??= staticShapes(withInputDims(this.model.graph, this.inputDims)));
  }

  /** The part of a run that a change makes necessary. */
  get changed(): ChangedPart {
    return changedPart(this.model, this.cuts);
  }

  /** Approximate memory of the sessions of one program. */
  get programBytes(): number {
    const { initializer } = this.model.graph;
    return sessionBytes(this.cuts.shares.length, floatBytes(initializer));
  }

  private get allOutputs(): readonly string[] {
    return [...this.outputNames, ...this.read];
  }

  private requestOf(
    { plan, thresholds, biases, roundings, only, activationType = 'int8' }: Trial,
    observed: readonly string[],
  ): QuantizeRequest {
    return {
      model: this.model,
      target: this.target,
      plan,
      thresholds,
      ...(biases === undefined ? {} : { biases }),
      ...(roundings === undefined ? {} : { roundings }),
      activationType,
      ranges: this.ranges,
      purpose: this.simulates ? 'simulation' : 'engine',
      weights: this.weights,
      placements: this.placements,
      ...(only === undefined ? {} : { only }),
      observed,
      raisesOpset: false,
    };
  }
}

/** A program that was made from a whole rewritten model. */
interface MadeProgram {
  readonly request: QuantizeRequest;
  readonly decision: QuantizeDecision;
  readonly scaleTensors: QuantizedModel['scaleTensors'];
  readonly program: TrialProgram;
}

function isSameButThresholds(a: QuantizeRequest, b: QuantizeRequest): boolean {
  return (
    a.plan === b.plan &&
    a.biases === b.biases &&
    a.roundings === b.roundings &&
    a.only === b.only &&
    a.activationType === b.activationType &&
    a.observed?.join('\n') === b.observed?.join('\n')
  );
}

/** As initializers hold it: a float32 value, or the bits of a half. */
function scaleInFile(scale: number, isHalf: boolean): number {
  return isHalf ? fp16Bits(scale) : Math.fround(scale);
}

function unknownStructure(id: string): never {
  throw new RangeError(`Assertion failed: no structure ${id}`);
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
