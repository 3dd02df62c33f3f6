import { attrInt, withAttributes } from '../../onnx/graph/attributes';
import { FreshNames } from '../../onnx/graph/fresh-names';
import { intAttr, makeModel, makeNode, makeValueInfo } from '../../onnx/graph/make';
import { DataType, type Graph, type Model, type Node } from '../../onnx/graph/model';
import { capturedNames } from '../../onnx/graph/subgraphs';
import { encodeModel } from '../../onnx/wire/wire-writer';
import { OrtSession } from '../../backends/ort-session';
import { COUNT, reachingGraph } from './collection-model';

/**
 * Between convolutions ONNX Runtime keeps tensors in groups of channels ("NCHWc", onnxruntime/core/mlas), and reorders
 * them for every other operator.
 */
const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** Operators that treat every value alone. They map 0, which may fill a group, to a finite value. */
const ACTIVATIONS = new Set([
  ...['Abs', 'Celu', 'Clip', 'Elu', 'Erf', 'Gelu', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Mish', 'Neg', 'QuickGelu'],
  ...['Relu', 'Selu', 'Sigmoid', 'Softplus', 'Softsign', 'Swish', 'Tanh', 'ThresholdedRelu'],
]);
const COMBINATIONS = new Set(['Add', 'Sub', 'Mul', 'Max', 'Min']);

/** The groups of channels in which a tensor exists as well. */
interface Blocked {
  readonly tensor: string;
  readonly channels: number;
  /** Tensors of one origin have one shape: activations led from it to them. */
  readonly origin: string;
}

/** Whether a model that ONNX Runtime has optimized has tensors in groups of channels that are counted reordered. */
export function hasBlockedTensors({ graph }: Model): boolean {
  const reordered = new Set(graph.node.filter(isReorderOutput).flatMap(({ output }) => output));
  return graph.node.some((node) => node.opType === COUNT.opType && reordered.has(node.input[1] ?? ''));
}

/**
 * Counts the tensors of an optimized counting model in the groups of channels in which they are computed, instead of in
 * a reordered copy. Activations that ONNX Runtime applies to such a copy are applied to the groups too.
 * @param block number of channels in a group, see blockSize
 */
export function countBlocked(optimized: Model, block: number): Model {
  const { graph } = optimized;
  const node = new BlockedEdit(graph, block).nodes();
  const outputs = graph.output.map(({ name }) => name);
  return { ...optimized, graph: { ...reachingGraph({ ...graph, node }, outputs), output: graph.output } };
}

class BlockedEdit {
  /** Tensor in the usual order -> the same in groups. */
  private readonly blocked = new Map<string, Blocked>();
  /** Tensor in groups -> the same in groups, computed earlier. */
  private readonly renamed = new Map<string, string>();
  private readonly names: FreshNames;
  private readonly captured: ReadonlySet<string>;

  constructor(
    private readonly graph: Graph,
    private readonly block: number,
  ) {
    this.names = new FreshNames(graph);
    this.captured = new Set(graph.node.flatMap((node) => [...capturedNames(node)]));
  }

  nodes(): Node[] {
    return this.graph.node.flatMap((original) => {
      const node = { ...original, input: original.input.map((name) => this.renamed.get(name) ?? name) };
      if (isReorderOutput(node)) this.note(node.output, node.input[0], attrInt(node, 'channels', 0));
      const source = this.blocked.get(node.input[0] ?? '');
      if (source && isReorderInput(node) && !this.captured.has(node.output[0] ?? '')) {
        this.renamed.set(node.output[0] ?? '', source.tensor);
        return [];
      }
      if (node.domain === COUNT.domain && node.opType === COUNT.opType) return [this.counted(node)];
      return this.moved(node) ?? [node];
    });
  }

  private note([output = '']: readonly string[], tensor = '', channels: number, origin = tensor): void {
    if (channels > 0) this.blocked.set(output, { tensor, channels, origin });
  }

  private counted(node: Node): Node {
    const source = this.blocked.get(node.input[1] ?? '');
    if (!source) return node;
    const input = [node.input[0] ?? '', source.tensor];
    const stated = [intAttr('channels', source.channels), intAttr('block', this.block)];
    return { ...node, input, attribute: withAttributes(node, ['channels', 'block'], stated) };
  }

  /** An activation of a reordered tensor: the activation of the groups, reordered. Null for other layers. */
  private moved(node: Node): Node[] | null {
    const [first, ...others] = node.input.map((name) => this.blocked.get(name));
    if (!first) return null;
    const isActivation = ACTIVATIONS.has(node.opType) && others.every((other) => other === undefined);
    const isCombination =
      COMBINATIONS.has(node.opType) && others.length > 0 && others.every((other) => other?.origin === first.origin);
    if (!isActivation && !isCombination) return null;
    const tensor = this.names.next('blocked');
    this.note(node.output, tensor, first.channels, first.origin);
    return [
      { ...node, input: node.input.map((name) => this.blocked.get(name)?.tensor ?? name), output: [tensor] },
      {
        ...makeNode('ReorderOutput', [tensor], node.output, {
          name: this.names.next('reordered'),
          attributes: [intAttr('channels', first.channels)],
        }),
        domain: BLOCKED_DOMAIN,
      },
    ];
  }
}

const isBlockedOp = (node: Node, opType: string): boolean => node.domain === BLOCKED_DOMAIN && node.opType === opType;
const isReorderOutput = (node: Node): boolean =>
  isBlockedOp(node, 'ReorderOutput') && attrInt(node, 'channels_last', 0) === 0;
const isReorderInput = (node: Node): boolean =>
  isBlockedOp(node, 'ReorderInput') && attrInt(node, 'channels_last', 0) === 0;

/** Channels and values of a channel in the test of blockSize. */
const CHANNELS = 64;
const INNER = 2;

/**
 * Number of channels in a group on this processor, found by letting ONNX Runtime reorder a small tensor; null if it
 * reorders them in another way than TensorView of native/core/tensor_counts.h says.
 */
export async function blockSize(): Promise<number | null> {
  const dims = [1, CHANNELS, 1, INNER];
  const reorder = { ...makeNode('ReorderInput', ['x'], ['y'], { name: 'y' }), domain: BLOCKED_DOMAIN };
  const model = makeModel(
    {
      name: 'reorder',
      node: [reorder],
      initializer: [],
      input: [makeValueInfo('x', DataType.FLOAT, dims)],
      output: [makeValueInfo('y', DataType.FLOAT, dims)],
      valueInfo: [],
    },
    13,
  );
  const opsetImport = [...model.opsetImport, { domain: BLOCKED_DOMAIN, version: 1 }];
  const session = await OrtSession.open({
    model: encodeModel({ ...model, opsetImport }),
    weightsDir: null,
    threads: 1,
    simulate: false,
    hasFp16: false,
    asWritten: true,
  });
  try {
    const data = Float32Array.from({ length: CHANNELS * INNER }, (_, i) => i);
    const [output] = await session.run([{ name: 'x', dtype: 'float32', dims, data }]);
    const values = [...(output?.data ?? [])];
    // The second value of the first channel stands behind the first values of all channels of the group.
    const block = values.indexOf(1);
    const expected = (channel: number, i: number): number =>
      (Math.floor(channel / block) * INNER + i) * block + (channel % block);
    const isAsExpected =
      block > 1 && data.every((value) => values[expected(Math.floor(value / INNER), value % INNER)] === value);
    return isAsExpected ? block : null;
  } finally {
    await session.close();
  }
}
