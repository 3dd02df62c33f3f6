import { type InferOutput, list, object, positiveInteger, string } from '../../base/schema';

const shape = list(positiveInteger);

/** The sizes that an engine takes for one input, and those that it is tuned for; all axes, the batch included. */
const inputRangeSchema = object({ input: string, min: shape, opt: shape, max: shape });
export type InputRange = InferOutput<typeof inputRangeSchema>;

/** One optimization profile: a range for each input that has open sizes. */
export const shapeProfileSchema = list(inputRangeSchema);
export type ShapeProfile = InferOutput<typeof shapeProfileSchema>;

export const PROFILE_POINTS = ['min', 'opt', 'max'] as const;
export type ProfilePoint = (typeof PROFILE_POINTS)[number];

/** Profiles as the text of the command-line option. */
export function shapeProfilesText(profiles: readonly ShapeProfile[]): string {
  const rangeText = ({ input, min, opt, max }: InputRange): string =>
    `${input}=${[min, opt, max].map((sizes) => sizes.join('x')).join(':')}`;
  return profiles.map((profile) => profile.map(rangeText).join(',')).join(';');
}

/** An input of the model: the size of each axis, or a name (`?` without one) for an axis that the model leaves open. */
export interface ProfiledInput {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}

/** Why a profile does not fit a model. */
export interface ProfileProblem {
  /**
   * `missing`: an input with open sizes has no range; `unknown`: the model has no such input; `shape`: another number
   * of axes, or another size than the model fixes; `order`: not min <= opt <= max on every axis.
   */
  readonly code: 'missing' | 'unknown' | 'shape' | 'order';
  readonly input: string;
}

/** The first problem of a profile; null if engines can be built with it. */
export function profileProblem(profile: ShapeProfile, inputs: readonly ProfiledInput[]): ProfileProblem | null {
  const missing = inputs.find((input) => hasOpenSize(input) && !profile.some((range) => range.input === input.name));
  if (missing !== undefined) return { code: 'missing', input: missing.name };
  for (const { input, min, opt, max } of profile) {
    const known = inputs.find(({ name }) => name === input);
    if (known === undefined) return { code: 'unknown', input };
    const fits = [min, opt, max].every(
      (sizes) =>
        sizes.length === known.dims.length &&
        sizes.every((size, axis) => typeof known.dims[axis] === 'string' || size === known.dims[axis]),
    );
    if (!fits) return { code: 'shape', input };
    if (opt.some((size, axis) => size < (min[axis] ?? 0) || size > (max[axis] ?? 0))) return { code: 'order', input };
  }
  return null;
}

export function hasOpenSize({ dims }: ProfiledInput): boolean {
  return dims.some((dim) => typeof dim === 'string');
}

/** The batch sizes of a profile; 1 if none of its inputs has a batch axis, which is the first one. */
export function batchRange(
  profile: ShapeProfile,
  inputs: readonly { readonly name: string; readonly hasBatch: boolean }[],
): { readonly min: number; readonly opt: number; readonly max: number } {
  const fed = profile.find(({ input }) => inputs.some(({ name, hasBatch }) => hasBatch && name === input));
  return { min: fed?.min[0] ?? 1, opt: fed?.opt[0] ?? 1, max: fed?.max[0] ?? 1 };
}

/** Whether one of the profiles allows a batch size. */
export function allowsBatch(
  profiles: readonly ShapeProfile[],
  inputs: Parameters<typeof batchRange>[1],
  batch: number,
): boolean {
  return profiles.some((profile) => {
    const { min, max } = batchRange(profile, inputs);
    return min <= batch && batch <= max;
  });
}
