import type { OrtTensor } from '../../backends/ort-session';
import { Tensor } from '../../backends/onnxruntime';
import type { ReusedBuffers } from './reused-buffers';

type Values = Float32Array;

type ValuesOf = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => Values;

/**
 * Tensors of the same shape and type one behind the other, along their first axis. If they are parts of one tensor that
 * follow each other, the result is a view of it.
 */
export function stacked(list: readonly OrtTensor[], buffers: ReusedBuffers): OrtTensor {
  const [first] = list;
  if (first === undefined) throw new RangeError('Assertion failed: nothing to stack');
  if (list.length === 1) return first;
  const { type, dims } = first;
  const own = valuesOf(first);
  const { buffer, byteOffset, byteLength, length } = own;
  const isBlock = list.every((tensor, i) => {
    const values = valuesOf(tensor);
    return values.buffer === buffer && values.byteOffset === byteOffset + i * byteLength;
  });
  const made = own.constructor as ValuesOf;
  const data = isBlock
    ? new made(buffer, byteOffset, length * list.length)
    : new made(buffers.take(byteLength * list.length), 0, length * list.length);
  if (!isBlock) for (const [i, tensor] of list.entries()) data.set(valuesOf(tensor), i * length);
  return new Tensor(type, data, [(dims[0] ?? 1) * list.length, ...dims.slice(1)]);
}

/** What is known about a tensor before it is computed. */
export type TensorLayout = Pick<OrtTensor, 'type' | 'dims'> & { readonly values: ValuesOf; readonly length: number };

export function layoutOf(tensor: OrtTensor): TensorLayout {
  const values = valuesOf(tensor);
  const { type, dims } = tensor;
  return { type, dims, values: values.constructor as ValuesOf, length: values.length };
}

/** A tensor to write values into. */
export function blank({ type, dims, values, length }: TensorLayout, buffers: ReusedBuffers): OrtTensor {
  const { BYTES_PER_ELEMENT } = values as unknown as { readonly BYTES_PER_ELEMENT: number };
  return new Tensor(type, new values(buffers.take(length * BYTES_PER_ELEMENT), 0, length), dims);
}

/**
 * The parts of a tensor along its first axis, as views of it.
 * @throws RangeError if its first axis has no such parts
 */
export function parts(tensor: OrtTensor, count: number): OrtTensor[] {
  if (count === 1) return [tensor];
  const { type, dims } = tensor;
  const [first = 0, ...rest] = dims;
  if (dims.length === 0 || first % count !== 0) throw new RangeError(`${dims.join('x')} is not made of ${count} parts`);
  const values = valuesOf(tensor);
  const length = values.length / count;
  return Array.from(
    { length: count },
    (_, i) => new Tensor(type, values.subarray(i * length, (i + 1) * length), [first / count, ...rest]),
  );
}

/** A tensor with values of its own, if they are a part of others. */
export function detached(tensor: OrtTensor): OrtTensor {
  const values = valuesOf(tensor);
  return values.byteLength === values.buffer.byteLength ? tensor : copied(tensor);
}

export function copied(tensor: OrtTensor): OrtTensor {
  return new Tensor(tensor.type, valuesOf(tensor).slice(), tensor.dims);
}

/** Whether two tensors have the same shape and bits. */
export function isSame(a: OrtTensor, b: OrtTensor): boolean {
  if (a.type !== b.type || a.dims.join() !== b.dims.join()) return false;
  return bytesOf(a).equals(bytesOf(b));
}

export function byteLengthOf(tensor: OrtTensor): number {
  return valuesOf(tensor).byteLength;
}

function bytesOf(tensor: OrtTensor): Buffer {
  const { buffer, byteOffset, byteLength } = valuesOf(tensor);
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** All arrays of numbers have the methods that are used here. Segments do not hand on strings. */
function valuesOf(tensor: OrtTensor): Values {
  return tensor.data as Values;
}
