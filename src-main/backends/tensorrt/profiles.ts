import type { ProfileShapes } from '../../../native/tensorrt';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Feeding, ImageSizes } from '../../../src-shared/domain/project/feeding';
import type { ShapeProfile } from '../../../src-shared/domain/engines/shape-profiles';
import type { ModelInput } from '../../onnx/graph/model-inputs';

/** An optimization profile: the shapes that an engine allows, and the one that it is tuned for, per dynamic input. */
export type Profile = Readonly<Record<string, ProfileShapes>>;

/**
 * The chosen profiles, or one per batch size, for the inputs that have sizes which the model leaves open; none if all
 * are fixed.
 * @param sizes of the images if their size depends on the image.
 * @throws WorkbenchError model-unsupported for an open size that is neither the batch nor that of the image; usage for
 *   chosen profiles that do not fit the model.
 */
export function profilesOf(
  inputs: readonly ModelInput[],
  feeding: Feeding,
  {
    batches,
    sizes,
    chosen,
  }: {
    readonly batches: readonly number[];
    readonly sizes: ImageSizes | null;
    readonly chosen?: readonly ShapeProfile[] | undefined;
  },
): Profile[] {
  const dynamic = inputs.filter(({ dims }) => dims.some((dim) => typeof dim === 'string'));
  if (chosen !== undefined) return chosen.map((profile) => checkedProfile(profile, inputs, dynamic));
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
                { hint: advise('shapes-of-engine') },
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

function checkedProfile(profile: ShapeProfile, inputs: readonly ModelInput[], dynamic: readonly ModelInput[]): Profile {
  const missing = dynamic.find(({ name }) => !profile.some(({ input }) => input === name));
  if (missing !== undefined)
    throw misfit(`Input "${missing.name}" has open sizes, and a profile does not name it`, inputs);
  for (const { input, min, opt, max } of profile) {
    const known = inputs.find(({ name }) => name === input);
    if (known === undefined) throw misfit(`A profile names "${input}", which is no input of the model`, inputs);
    const fits = [min, opt, max].every(
      (shape) =>
        shape.length === known.dims.length &&
        shape.every((size, axis) => typeof known.dims[axis] === 'string' || size === known.dims[axis]),
    );
    if (!fits) throw misfit(`A profile gives input "${input}" a shape that the model does not take`, inputs);
    if (opt.some((size, axis) => size < (min[axis] ?? 0) || size > (max[axis] ?? 0)))
      throw misfit(`A profile of input "${input}" does not go from small to large: MIN:OPT:MAX`, inputs);
  }
  // The ranges of inputs with fixed sizes follow from the model.
  const open = profile.filter(({ input }) => dynamic.some(({ name }) => name === input));
  return Object.fromEntries(open.map(({ input, min, opt, max }) => [input, { min, opt, max }]));
}

function misfit(message: string, inputs: readonly ModelInput[]): WorkbenchError {
  const shapes = inputs.map(({ name, dims }) => `"${name}" [${dims.join(', ')}]`).join(', ');
  return new WorkbenchError('usage', message, { hint: advise('shapes-of-model', { shapes }) });
}
