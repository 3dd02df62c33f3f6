import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from './graph-facts';
import { COMPUTE_OPS, POOL_OPS, RESHAPE_OPS } from './op-classes';
import type { Partitions } from './partitions';

/** Layers that run in INT8 as far as the rules have decided. */
export interface Int8Layers {
  readonly facts: GraphFacts;
  readonly partitions: Partitions;
  readonly roots: ReadonlySet<Node>;
}

/** Where the values of a tensor come from, through layers that can copy integers. */
export interface Int8Sources {
  /** INT8 layers that write them. */
  readonly written: readonly Node[];
  /** Tensors that a layer in floating point computes; the inputs of the graph are not among them. */
  readonly floats: readonly string[];
}

export function int8Sources(int8: Int8Layers, tensor: string): Int8Sources {
  const producer = int8.facts.producer(tensor);
  if (!producer) return { written: [], floats: [] };
  const root = int8.partitions.of(producer)?.root;
  if (root) return int8.roots.has(root) ? { written: [root], floats: [] } : { written: [], floats: [tensor] };
  if (producer.opType !== 'Concat' && !isCopy(producer)) return { written: [], floats: [tensor] };
  const sources = (producer.opType === 'Concat' ? producer.input : producer.input.slice(0, 1)).map((name) =>
    int8Sources(int8, name),
  );
  const written = sources.flatMap((source) => source.written);
  // Nothing is gained by quantizing in front of a copy of floating-point values.
  return written.length === 0
    ? { written, floats: [tensor] }
    : { written, floats: sources.flatMap(({ floats }) => floats) };
}

/** Whether an INT8 layer writes a tensor, directly or through layers that can copy integers. */
export function isWrittenInInt8(int8: Int8Layers, tensor: string): boolean {
  return int8Sources(int8, tensor).written.length > 0;
}

/** Whether an INT8 layer reads a tensor, directly or through layers that can copy integers. */
export function isReadInInt8(int8: Int8Layers, tensor: string): boolean {
  return readersOf(int8, tensor).some((reader) => reader === 'int8');
}

/** Whether anything else reads a tensor: a layer in floating point, or whoever takes the outputs of the graph. */
export function isReadInFloat(int8: Int8Layers, tensor: string): boolean {
  return int8.facts.isObserved(tensor) || readersOf(int8, tensor).some((reader) => reader === 'float');
}

function readersOf({ facts, partitions, roots }: Int8Layers, tensor: string): ('int8' | 'float')[] {
  return facts.uses(tensor).flatMap(({ node, slot }) => {
    const partition = partitions.of(node);
    if (partition) {
      const isInt8 =
        roots.has(partition.root) &&
        (node === partition.root
          ? slot === 0 || (slot === 1 && COMPUTE_OPS.has(node.opType))
          : partition.residual?.shortcut === tensor);
      return [isInt8 ? ('int8' as const) : ('float' as const)];
    }
    if (node.opType !== 'Concat' && !isCopy(node)) return ['float' as const];
    return node.output.flatMap((output) => [
      ...(facts.isObserved(output) ? ['float' as const] : []),
      ...readersOf({ facts, partitions, roots }, output),
    ]);
  });
}

/**
 * Whether a layer copies integers where INT8 layers stand on both sides of it. TensorRT quantizes in front of a Split
 * by itself (cells_detector on an H200: the convolutions in front of one write INT8).
 */
function isCopy({ opType }: Node): boolean {
  return RESHAPE_OPS.has(opType) || POOL_OPS.has(opType) || opType === 'GlobalAveragePool' || opType === 'Split';
}
