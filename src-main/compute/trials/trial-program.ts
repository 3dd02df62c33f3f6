import { createHash } from 'node:crypto';
import { elementTypes } from '../../onnx/graph/dtypes';
import { elementCount } from '../../onnx/graph/element-types';
import { DataType, type Attribute, type Model, type Node, type Tensor, type ValueInfo } from '../../onnx/graph/model';
import { attrInt } from '../../onnx/graph/attributes';
import { isOp } from '../../onnx/graph/opset';
import { capturedNames } from '../../onnx/graph/subgraphs';
import { tensorBytes } from '../../onnx/graph/tensor-values';
import { raiseOpset } from '../../onnx/passes/raise-opset';
import type { ExternalTo } from '../../onnx/wire/encode-messages';
import { encodeModel } from '../../onnx/wire/wire-writer';
import type { GraphCuts } from './graph-cuts';

/**
 * A model as a list of segments, each of which is a small model of its own. Segments that only differ in the scales of
 * activations share a structure, and thereby a session: these scales are inputs.
 */
export interface TrialProgram {
  /** In the order in which they can run. */
  readonly steps: readonly ProgramStep[];
  /** The outputs of the model that were asked for. */
  readonly outputs: readonly { readonly name: string; readonly from: StepInput }[];
}

export interface ProgramStep {
  /** Says what the outputs are computed from, all the way back to the image. Equal keys: equal values. */
  readonly key: string;
  /** Id of a SegmentStructure. */
  readonly structure: string;
  /** In the order of the structure: real scales, or the bits of scales in FP16. */
  readonly scales: readonly number[];
  /** In the order of the structure. */
  readonly inputs: readonly StepInput[];
  /** Its part of a run of the whole model. */
  readonly share: number;
  /** Runs that can be computed in one call, one behind the other along the first axis of all inputs and outputs. */
  readonly together: number;
}

export interface StepOutput {
  readonly step: number;
  readonly output: number;
}
export type StepInput = StepOutput | { readonly feed: string };

/** A segment without the scales of its activations. */
export interface SegmentStructure {
  readonly id: string;
  /** ONNX; the weights stay in the prepared folder. */
  readonly bytes: Uint8Array;
  /** Whether it has Q/DQ and convolutions, so that blockedModel can make it faster. */
  readonly mayBlock: boolean;
  readonly inputs: readonly string[];
  readonly scales: readonly { readonly name: string; readonly isHalf: boolean }[];
  readonly outputs: readonly string[];
  readonly hasFp16: boolean;
  /** Bytes of its weights in float32. */
  readonly weightBytes: number;
}

/** Bytes of a session beside its weights: its graph, and buffers that it keeps between runs. */
const OWN_BYTES = 2 ** 22;
/** ONNX Runtime holds weights before and after Q/DQ, and in the layout of its kernels. */
const WEIGHT_COPIES = 3;

/** Bytes of weights in float32: in a session of a simulated model, quantized weights were multiplied out, too. */
export function floatBytes(initializers: readonly Pick<Tensor, 'dims'>[]): number {
  return Float32Array.BYTES_PER_ELEMENT * initializers.reduce((sum, { dims }) => sum + elementCount(dims), 0);
}

/** Segments with more weights run as they are: blockedModel would hold their rearranged weights in memory. */
export const BLOCK_WEIGHT_BYTES = 2 ** 27;

/** Approximate memory of the sessions of segments with these weights, in bytes. @param weightBytes see floatBytes */
export function sessionBytes(segments: number, weightBytes: number): number {
  return segments * OWN_BYTES + WEIGHT_COPIES * weightBytes;
}

export interface ProgramOptions {
  readonly weights: ExternalTo;
  /** Whether scales of activations are inputs; false if ONNX Runtime has to know them to choose its INT8 kernels. */
  readonly scalesAreInputs: boolean;
}

/** A rewritten model, not yet raised to the operator set that FP16 scales need. */
export interface RewrittenModel {
  readonly model: Model;
  /** Whether some layers compute in FP16. */
  readonly hasFp16: boolean;
}

/** Divides rewritten models of one prepared model into segments. */
export class ProgramMaker {
  private readonly prepared: ReadonlyMap<string, Tensor>;
  private readonly attributes = new Map<readonly Attribute[], string>();
  private readonly structures = new Map<string, SegmentStructure>();
  /** Structure -> its constants that are not in the prepared model. */
  private readonly constants = new Map<string, readonly string[]>();

  constructor(
    prepared: Model,
    private readonly cuts: GraphCuts,
    private readonly options: ProgramOptions,
  ) {
    this.prepared = new Map(prepared.graph.initializer.map((tensor) => [tensor.name, tensor]));
    for (const [i, { attribute }] of prepared.graph.node.entries()) this.attributes.set(attribute, `layer ${i}`);
  }

  /** The structure of a program that was made; undefined for an unknown id. */
  structure(id: string): SegmentStructure | undefined {
    return this.structures.get(id);
  }

  /** @param outputs names of outputs of the model; segments that none of them needs are left out. */
  make(rewritten: RewrittenModel, outputs: readonly string[]): TrialProgram {
    const { model } = rewritten;
    const parts = this.divide(model);
    const types = elementTypes(model);
    const feeds = new Set(model.graph.input.map(({ name }) => name));
    const producers = new Map<string, number>();
    for (const [i, { made }] of parts.entries()) for (const name of made) producers.set(name, i);
    const needed = new Map<number, Set<string>>();
    const need = (name: string): void => {
      const from = producers.get(name);
      if (from === undefined) return;
      const names = needed.get(from);
      if (names) names.add(name);
      else needed.set(from, new Set([name]));
    };
    for (const name of outputs) need(name);
    for (let i = parts.length - 1; i >= 0; i--) if (needed.has(i)) parts[i]?.inputs.forEach(need);

    const steps: ProgramStep[] = [];
    const sources = new Map<string, StepInput>([...feeds].map((feed) => [feed, { feed }]));
    for (const [i, part] of parts.entries()) {
      const wanted = needed.get(i);
      if (!wanted) continue;
      const own = part.made.filter((name) => wanted.has(name));
      const structure = this.structureOf(part, { rewritten, types, outputs: own });
      const inputs = part.inputs.map((name) => {
        const source = sources.get(name);
        if (!source) throw new Error(`Assertion failed: segment ${i} reads "${name}" before it is computed`);
        return source;
      });
      const scales = part.scales.map(scaleValue);
      for (const [output, name] of own.entries()) sources.set(name, { step: steps.length, output });
      const share = this.cuts.shares[i] ?? 0;
      const together = this.cuts.together[i] ?? 1;
      steps.push({ key: stepKey({ structure, scales, inputs }, steps), structure, scales, inputs, share, together });
    }
    return {
      steps,
      outputs: outputs.flatMap((name) => {
        const from = sources.get(name);
        return from ? [{ name, from }] : [];
      }),
    };
  }

  /**
   * The same program with other scales.
   * @param valueOf the value of a scale by the name of its initializer, as in ProgramStep; undefined for all others,
   *   which stay as they are
   * @returns null if a segment has one of these scales as a constant
   */
  rescaled(program: TrialProgram, valueOf: (name: string, isHalf: boolean) => number | undefined): TrialProgram | null {
    const steps: ProgramStep[] = [];
    const isScale = (name: string): boolean => valueOf(name, false) !== undefined;
    for (const step of program.steps) {
      if (this.constants.get(step.structure)?.some(isScale) !== false) return null;
      const own = this.structures.get(step.structure)?.scales ?? [];
      const scales = own.map(({ name, isHalf }, i) => valueOf(name, isHalf) ?? step.scales[i] ?? 0);
      steps.push({ ...step, scales, key: stepKey({ ...step, scales }, steps) });
    }
    return { ...program, steps };
  }

  /** The nodes of each segment with what they read. Constant expressions belong to every segment that reads them. */
  private divide(model: Model): Segment[] {
    const { graph } = model;
    const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    const results = new Set(graph.output.map(({ name }) => name));
    const constants = new Map<string, Node>();
    const isConstant = (name: string): boolean => name === '' || initializers.has(name) || constants.has(name);
    const segments: Node[][] = this.cuts.shares.map(() => []);
    let pending: Node[] = [];
    for (const node of graph.node) {
      if (isFoldable(node) && node.input.every(isConstant) && !node.output.some((name) => results.has(name))) {
        for (const name of node.output) constants.set(name, node);
        continue;
      }
      pending.push(node);
      const known = this.cuts.segmentOf.get(node.name);
      // Q/DQ and casts are written in front of the layer that reads them, and belong to its segment.
      if (known === undefined) continue;
      segments[known]?.push(...pending);
      pending = [];
    }
    segments.at(-1)?.push(...pending);
    return segments.map((nodes) => segmentOf(nodes, { initializers, constants }, this.options));
  }

  private structureOf(
    part: Segment,
    context: {
      readonly rewritten: RewrittenModel;
      readonly types: ReadonlyMap<string, number>;
      readonly outputs: readonly string[];
    },
  ): string {
    const { rewritten, types, outputs } = context;
    const own = part.initializers.filter((tensor) => this.prepared.get(tensor.name) !== tensor);
    // One text for all: this is done for every segment of every trial.
    const text = JSON.stringify([
      rewritten.hasFp16,
      part.inputs.map((name) => [name, types.get(name)]),
      outputs,
      part.nodes.map(({ opType, domain, input, output, attribute }) => [
        opType,
        domain,
        input,
        output,
        this.attributesKey(attribute),
      ]),
      part.initializers.map(({ name, dataType, dims }) => [name, dataType, dims]),
      own.map(({ name }) => name),
      part.scales.map(({ name }) => name),
    ]);
    const hash = createHash('sha256').update(text);
    for (const tensor of own) hash.update(tensorBytes(tensor));
    const id = hash.digest('base64').slice(0, KEY_CHARACTERS);
    if (!this.structures.has(id)) {
      this.structures.set(id, this.build(id, part, context));
      this.constants.set(
        id,
        own.map(({ name }) => name),
      );
    }
    return id;
  }

  /** Attributes of the prepared model's layers are kept as they are, and known by their place. */
  private attributesKey(attributes: readonly Attribute[]): string {
    return this.attributes.get(attributes) ?? JSON.stringify(attributes, plain);
  }

  private build(
    id: string,
    part: Segment,
    {
      rewritten: { model, hasFp16 },
      types,
      outputs,
    }: {
      readonly rewritten: RewrittenModel;
      readonly types: ReadonlyMap<string, number>;
      readonly outputs: readonly string[];
    },
  ): SegmentStructure {
    const declared = new Map(
      [...model.graph.valueInfo, ...model.graph.output, ...model.graph.input].map((info) => [info.name, info]),
    );
    const feeds = new Set(model.graph.input.map(({ name }) => name));
    const inside = new Set(part.nodes.flatMap((node) => node.output));
    const input = part.inputs.map((name): ValueInfo => {
      const info = declared.get(name);
      if (info && feeds.has(name)) return info;
      const rank = info?.tensorType?.shape?.length;
      const shape = rank === undefined ? null : Array.from({ length: rank }, () => ({ kind: 'unknown' as const }));
      return { name, tensorType: { elemType: types.get(name) ?? DataType.FLOAT, shape } };
    });
    const scaleInputs = part.scales.map(({ name, dataType }): ValueInfo => ({
      name,
      tensorType: { elemType: dataType, shape: [] },
    }));
    const segment: Model = {
      ...model,
      graph: {
        name: model.graph.name,
        node: part.nodes,
        initializer: part.initializers,
        input: [...input, ...scaleInputs],
        output: outputs.map(
          (name) =>
            model.graph.output.find((info) => info.name === name) ?? {
              name,
              tensorType: { elemType: types.get(name) ?? DataType.FLOAT, shape: null },
            },
        ),
        valueInfo: model.graph.valueInfo.filter(({ name }) => inside.has(name) && !outputs.includes(name)),
      },
    };
    const hasHalfScales = [...part.initializers, ...part.scales].some(({ dataType }) => dataType === DataType.FLOAT16);
    const hasHalves = hasHalfScales || part.nodes.some(isHalfCast) || part.inputs.some((name) => isHalf(types, name));
    return {
      id,
      bytes: encodeModel(hasHalfScales ? raiseOpset(segment) : segment, { externalTo: this.options.weights }),
      mayBlock:
        part.nodes.some((node) => isOp(node, 'Conv')) && part.nodes.some((node) => isOp(node, 'QuantizeLinear')),
      inputs: part.inputs,
      scales: part.scales.map(({ name, dataType }) => ({ name, isHalf: dataType === DataType.FLOAT16 })),
      outputs,
      hasFp16: hasFp16 && hasHalves,
      weightBytes: floatBytes(part.initializers),
    };
  }
}

const KEY_CHARACTERS = 24;

/** @param before the steps whose outputs it can read */
function stepKey(
  { structure, scales, inputs }: Pick<ProgramStep, 'structure' | 'scales' | 'inputs'>,
  before: readonly ProgramStep[],
): string {
  const sources = inputs.map((source) =>
    'feed' in source ? `feed ${source.feed}` : `${before[source.step]?.key ?? ''}:${source.output}`,
  );
  const hash = createHash('sha256').update(JSON.stringify([structure, scales, sources]));
  return hash.digest('base64').slice(0, KEY_CHARACTERS);
}

interface Segment {
  readonly nodes: readonly Node[];
  readonly initializers: readonly Tensor[];
  /** The initializers with scales of activations, if they are inputs. */
  readonly scales: readonly Tensor[];
  /** Tensors of other segments, and inputs of the model. */
  readonly inputs: readonly string[];
  /** Tensors that the segment computes from its inputs. */
  readonly made: readonly string[];
}

function segmentOf(
  own: readonly Node[],
  {
    initializers,
    constants,
  }: { readonly initializers: ReadonlyMap<string, Tensor>; readonly constants: ReadonlyMap<string, Node> },
  { scalesAreInputs }: ProgramOptions,
): Segment {
  const made = new Set(own.flatMap((node) => node.output).filter((name) => name !== ''));
  const folded = new Set<Node>();
  const tensors = new Map<string, Tensor>();
  const scales = new Map<string, Tensor>();
  const inputs = new Set<string>();
  const constantNodes: Node[] = [];
  const read = (name: string, isScale: boolean): void => {
    if (name === '' || made.has(name)) return;
    const tensor = initializers.get(name);
    const node = constants.get(name);
    if (tensor) (isScale ? scales : tensors).set(name, tensor);
    else if (!node) inputs.add(name);
    else if (!folded.has(node)) {
      folded.add(node);
      for (const input of node.input) read(input, false);
      constantNodes.push(node);
    }
  };
  for (const node of own) {
    for (const name of capturedNames(node)) read(name, false);
    for (const [slot, name] of node.input.entries())
      read(name, scalesAreInputs && slot === 1 && isActivationScale(node, initializers.get(name)));
  }
  // A scale that is also read as a constant is a constant.
  for (const name of tensors.keys()) scales.delete(name);
  return {
    nodes: [...constantNodes, ...own],
    initializers: [...tensors.values()],
    scales: [...scales.values()],
    inputs: [...inputs],
    made: [...made],
  };
}

function isActivationScale(node: Node, tensor: Tensor | undefined): tensor is Tensor {
  return (
    isOp(node, 'QuantizeLinear', 'DequantizeLinear') &&
    tensor?.dims.length === 0 &&
    (tensor.dataType === DataType.FLOAT || tensor.dataType === DataType.FLOAT16)
  );
}

/** Random values are drawn anew by every node, and bodies may read anything. */
function isFoldable(node: Node): boolean {
  return !node.opType.startsWith('Random') && capturedNames(node).size === 0;
}

function scaleValue(tensor: Tensor): number {
  const bytes = tensorBytes(tensor);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tensor.dataType === DataType.FLOAT16 ? view.getUint16(0, true) : view.getFloat32(0, true);
}

function isHalfCast(node: Node): boolean {
  return isOp(node, 'Cast') && attrInt(node, 'to', undefined) === DataType.FLOAT16;
}

function isHalf(types: ReadonlyMap<string, number>, name: string): boolean {
  return types.get(name) === DataType.FLOAT16;
}

/** JSON for the values of attributes. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
