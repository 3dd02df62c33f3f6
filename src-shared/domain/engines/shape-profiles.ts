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
