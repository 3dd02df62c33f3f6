import { WorkbenchError } from '../../../src-shared/base/errors';
import type { OutputTensor } from '../../backends/runnable-variant';
import type { SharedReference } from './trial-protocol';

/** The positions to which the outputs for one image are copied. */
interface Place {
  readonly file: string;
  readonly slot: number;
}

/**
 * Copies FP32's outputs into memory that all workers share.
 * @param outputs one list per image; every list has the same outputs in the same order.
 * @param places one per image.
 * @param slotCount number of slots to reserve for each output.
 * @param mayDiffer leave out outputs whose size depends on the image; a task reads what they say.
 * @throws WorkbenchError model-unsupported when the size of an output depends on the image, unless it may.
 */
export function sharedReference(
  outputs: readonly (readonly OutputTensor[])[],
  places: readonly Place[],
  slotCount: number,
  mayDiffer = false,
): SharedReference['outputs'] {
  const first = outputs[0] ?? [];
  return first.map(({ name, dims, data, integers }) => {
    const isInteger = data === null && integers !== undefined;
    const length = (data ?? integers)?.length ?? 0;
    const found = outputs.map((own) => own.find((output) => output.name === name));
    const other = found.findIndex((output) => ((output?.data ?? output?.integers)?.length ?? 0) !== length);
    if (other >= 0 && !mayDiffer) throw differingSize(name, places, { length, other, found });
    if (other >= 0) return { name, dims, length: 0, isInteger, values: new SharedArrayBuffer(0) };
    const values = new SharedArrayBuffer(slotCount * length * 4);
    const all = isInteger ? new Int32Array(values) : new Float32Array(values);
    for (const [i, output] of found.entries()) {
      all.set(output?.data ?? output?.integers ?? [], (places[i]?.slot ?? 0) * length);
    }
    return { name, dims, length, isInteger, values };
  });
}

function differingSize(
  name: string,
  places: readonly Place[],
  sizes: { readonly length: number; readonly other: number; readonly found: readonly (OutputTensor | undefined)[] },
): WorkbenchError {
  const { length, other, found } = sizes;
  return new WorkbenchError(
    'model-unsupported',
    `Output "${name}" has ${length} values for ${places[0]?.file ?? ''} and ` +
      `${found[other]?.data?.length ?? 0} for ${places[other]?.file ?? ''}`,
    {
      hint:
        'Outputs whose size depends on the data (after NonMaxSuppression, for example) can only be compared as ' +
        'the boxes of the task detection.',
    },
  );
}
