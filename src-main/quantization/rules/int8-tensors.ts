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

/** @param known sources that were found before; a tensor can be reached on many paths through Concats */
export function int8Sources(int8: Int8Layers, tensor: string, known = new Map<string, Int8Sources>()): Int8Sources {
  const found = known.get(tensor) ?? sourcesOf(int8, tensor, known);
  known.set(tensor, found);
  return found;
}

function sourcesOf(int8: Int8Layers, tensor: string, known: Map<string, Int8Sources>): Int8Sources {
  const producer = int8.facts.producer(tensor);
  if (!producer) return { written: [], floats: [] };
  const root = int8.partitions.of(producer)?.root;
  if (root) return int8.roots.has(root) ? { written: [root], floats: [] } : { written: [], floats: [tensor] };
  if (producer.opType !== 'Concat' && !isCopy(producer)) return { written: [], floats: [tensor] };
  const sources = (producer.opType === 'Concat' ? producer.input : producer.input.slice(0, 1)).map((name) =>
    int8Sources(int8, name, known),
  );
  const written = [...new Set(sources.flatMap((source) => source.written))];
  // Nothing is gained by quantizing in front of a copy of floating-point values.
  return written.length === 0
    ? { written, floats: [tensor] }
    : { written, floats: [...new Set(sources.flatMap(({ floats }) => floats))] };
}

/** Whether an INT8 layer writes a tensor, directly or through layers that can copy integers. */
export function isWrittenInInt8(int8: Int8Layers, tensor: string): boolean {
  return int8Sources(int8, tensor).written.length > 0;
}

/** Whether an INT8 layer reads a tensor, directly or through layers that can copy integers. */
export function isReadInInt8(int8: Int8Layers, tensor: string): boolean {
  return readersOf(int8, tensor).has('int8');
}

/** Whether anything else reads a tensor: a layer in floating point, or whoever takes the outputs of the graph. */
export function isReadInFloat(int8: Int8Layers, tensor: string): boolean {
  return readersOf(int8, tensor).has('float');
}

function readersOf({ facts, partitions, roots }: Int8Layers, tensor: string): ReadonlySet<'int8' | 'float'> {
  const readers = new Set<'int8' | 'float'>();
  const copies = new Set([tensor]);
  // The loop also visits the tensors that it adds.
  for (const name of copies) {
    if (facts.isObserved(name)) readers.add('float');
    for (const { node, slot } of facts.uses(name)) {
      const partition = partitions.of(node);
      if (partition) {
        const isInt8 =
          roots.has(partition.root) &&
          (node === partition.root
            ? slot === 0 || (slot === 1 && COMPUTE_OPS.has(node.opType))
            : partition.residual?.shortcut === name);
        readers.add(isInt8 ? 'int8' : 'float');
      } else if (node.opType === 'Concat' || isCopy(node)) for (const output of node.output) copies.add(output);
      else readers.add('float');
    }
  }
  return readers;
}

/**
 * Whether a layer copies integers where INT8 layers stand on both sides of it. TensorRT quantizes in front of a Split
 * by itself (cells_detector on an H200: the convolutions in front of one write INT8).
 */
function isCopy({ opType }: Node): boolean {
  return RESHAPE_OPS.has(opType) || POOL_OPS.has(opType) || opType === 'GlobalAveragePool' || opType === 'Split';
}
