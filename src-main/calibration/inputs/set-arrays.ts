import type { InputSources } from '../../../src-shared/domain/project/inputs';
import type { ImageSetRequest } from '../images/image-set';

/**
 * What the sources of a model's inputs ask of its sets: arrays that every .npz file must have, or, if an input takes
 * images, .npz files beside the images, which are no entries of their own.
 */
export function setArrays(inputs: InputSources | undefined): Pick<ImageSetRequest, 'fields' | 'hasArraysBeside'> {
  const sources = Object.values(inputs ?? {});
  const fields = [...new Set(sources.flatMap((source) => (source.kind === 'npz' ? [source.field] : [])))];
  if (fields.length === 0) return {};
  return sources.some(({ kind }) => kind === 'images') ? { hasArraysBeside: true } : { fields };
}
