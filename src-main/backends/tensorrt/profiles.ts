import type { ProfileShapes } from '../../../native/tensorrt';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Feeding, ImageSizes } from '../../../src-shared/domain/project/feeding';
import type { ModelInput } from '../../onnx/graph/model-inputs';

/** An optimization profile: the shapes that an engine allows, and the one that it is tuned for, per dynamic input. */
export type Profile = Readonly<Record<string, ProfileShapes>>;

/**
 * One profile per batch size, for the inputs that have sizes which the model leaves open; none if all are fixed.
 * @param sizes of the images if their size depends on the image.
 * @throws WorkbenchError model-unsupported for an open size that is neither the batch nor that of the image.
 */
export function profilesOf(
  inputs: readonly ModelInput[],
  feeding: Feeding,
  { batches, sizes }: { readonly batches: readonly number[]; readonly sizes: ImageSizes | null },
): Profile[] {
  const dynamic = inputs.filter(({ dims }) => dims.some((dim) => typeof dim === 'string'));
  if (dynamic.length === 0) return [];
  return batches.map((batch) =>
    Object.fromEntries(
      dynamic.map(({ name }) => {
        const fed = feeding.inputs.find((input) => input.name === name);
        const shape = (which: keyof ImageSizes): number[] => [
          ...(fed?.hasBatch ? [batch] : []),
          ...(fed?.dims ?? []).map((dim) => {
            const size = typeof dim === 'number' ? dim : 'image' in dim ? sizes?.[which][dim.image] : undefined;
            if (size === undefined) {
              throw new WorkbenchError(
                'model-unsupported',
                `Input "${name}" has a size that is neither the batch nor that of an image: engines need it fixed`,
                { hint: 'Export the model with this size fixed.' },
              );
            }
            return size;
          }),
        ];
        return [name, { min: shape('min'), opt: shape('opt'), max: shape('max') }];
      }),
    ),
  );
}
