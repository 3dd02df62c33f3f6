import type { OutputTensor } from '../../backends/runnable-variant';
import type { SharedReference } from './trial-protocol';

/**
 * Copies FP32's outputs into memory that all workers share: one block per output, with the values of all images. Their
 * sizes may differ from image to image.
 * @param outputs one list per image; every list has the same outputs in the same order.
 * @param slots one per image.
 */
export function sharedReference(
  outputs: readonly (readonly OutputTensor[])[],
  slots: readonly number[],
): SharedReference['outputs'] {
  const bySlot = new Map<number, OutputTensor[]>(slots.map((slot) => [slot, []]));
  for (const [index] of (outputs[0] ?? []).entries()) {
    const total = outputs.reduce((sum, own) => sum + lengthOf(own[index]), 0);
    const values = new SharedArrayBuffer(total * 4);
    let at = 0;
    for (const [i, own] of outputs.entries()) {
      const output = own[index];
      if (!output) continue;
      const length = lengthOf(output);
      bySlot.get(slots[i] ?? 0)?.push(inBlock(output, { values, at, length }));
      at += length;
    }
  }
  return bySlot;
}

function lengthOf(output: OutputTensor | undefined): number {
  return (output?.data ?? output?.integers)?.length ?? 0;
}

function inBlock(
  { name, dims, data, integers }: OutputTensor,
  { values, at, length }: { readonly values: SharedArrayBuffer; readonly at: number; readonly length: number },
): OutputTensor {
  if (data !== null) {
    const copy = new Float32Array(values, at * 4, length);
    copy.set(data);
    return { name, dims, data: copy };
  }
  if (integers === undefined) return { name, dims, data };
  const copy = new Int32Array(values, at * 4, length);
  copy.set(integers);
  return { name, dims, data, integers: copy };
}
