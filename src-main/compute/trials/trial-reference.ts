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
 * @throws WorkbenchError model-unsupported when the size of an output depends on the image.
 */
export function sharedReference(
  outputs: readonly (readonly OutputTensor[])[],
  places: readonly Place[],
  slotCount: number,
): SharedReference {
  const first = outputs[0] ?? [];
  return {
    outputs: first.map(({ name, dims, data }) => {
      const length = data?.length ?? 0;
      const values = new SharedArrayBuffer(slotCount * length * 4);
      for (const [i, own] of outputs.entries()) {
        const found = own.find((output) => output.name === name)?.data ?? new Float32Array();
        if (found.length !== length) {
          throw new WorkbenchError(
            'model-unsupported',
            `Output "${name}" has ${length} values for ${places[0]?.file ?? ''} and ` +
              `${found.length} for ${places[i]?.file ?? ''}`,
            {
              hint:
                'Outputs whose size depends on the data (after NonMaxSuppression, for example) cannot be compared; ' +
                'cut the model before it.',
            },
          );
        }
        new Float32Array(values, (places[i]?.slot ?? 0) * length * 4, length).set(found);
      }
      return { name, dims, length, values };
    }),
  };
}
