import type { ProfileShapes } from '../../../native/tensorrt';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Feeding, ImageSizes } from '../../../src-shared/domain/project/feeding';
import {
  profileProblem,
  shapeProfilesText,
  type ProfileProblem,
  type ShapeProfile,
} from '../../../src-shared/domain/engines/shape-profiles';
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
  const problem = profileProblem(profile, inputs);
  if (problem !== null) {
    const shapes = inputs.map(({ name, dims }) => `"${name}" [${dims.join(', ')}]`).join(', ');
    throw new WorkbenchError('usage', problemText(problem, profile), { hint: advise('shapes-of-model', { shapes }) });
  }
  // The ranges of inputs with fixed sizes follow from the model.
  const open = profile.filter(({ input }) => dynamic.some(({ name }) => name === input));
  return Object.fromEntries(open.map(({ input, min, opt, max }) => [input, { min, opt, max }]));
}

function problemText({ code, input }: ProfileProblem, profile: ShapeProfile): string {
  const found = shapeProfilesText([profile.filter((range) => range.input === input)]);
  switch (code) {
    case 'missing':
      return `Input "${input}" has open sizes, and a profile does not name it`;
    case 'unknown':
      return `A profile names "${input}", which is no input of the model`;
    case 'shape':
      return `A profile gives input "${input}" a shape that the model does not take: ${found}`;
    case 'order':
      return `A profile of input "${input}" does not go from small to large, MIN:OPT:MAX: ${found}`;
  }
}
