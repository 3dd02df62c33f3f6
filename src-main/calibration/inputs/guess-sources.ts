import type { InputSource, InputSources } from '../../../src-shared/domain/project/inputs';
import { ownValue } from '../../../src-shared/base/records';
import { imageInputs } from '../../onnx/graph/image-input';
import type { Model } from '../../onnx/graph/model';
import { modelInputs, type ModelInput } from '../../onnx/graph/model-inputs';

/** The source of one input, and why it was chosen, as a sentence. */
export interface GuessedSource {
  readonly input: string;
  /** null: nothing about the input tells where its values come from. */
  readonly source: InputSource | null;
  readonly note: string;
}

/**
 * The sources of all inputs of a model: those that are given, and a guess from name, type and shape for the others.
 * The first input that can take an image takes the images of the set, unless the images are given to another input.
 */
export function guessSources(model: Model, given: InputSources): GuessedSource[] {
  const inputs = modelInputs(model);
  const images = imageInputs(model).map(({ name }) => name);
  const hasImages = inputs.some(({ name }) => ownValue(given, name)?.kind === 'images');
  const firstImage = hasImages ? undefined : images.find((name) => ownValue(given, name) === undefined);
  return inputs.map((input): GuessedSource => {
    const { name } = input;
    const own = ownValue(given, name);
    if (own !== undefined) return { input: name, source: own, note: '' };
    if (name === firstImage)
      return { input: name, source: { kind: 'images' }, note: `Input "${name}" takes the images of the set.` };
    const guess = guessByName(input);
    return guess === null
      ? { input: name, source: null, note: `Nothing about input "${name}" tells where its values come from.` }
      : { input: name, source: guess.source, note: `Input "${name}": ${guess.reason}.` };
  });
}

interface Guess {
  readonly source: InputSource;
  readonly reason: string;
}

/** Names that exporters of detectors and transformers use. */
function guessByName({ name, dtype, dims }: ModelInput): Guess | null {
  const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, '_');
  const rank = dims.length;
  const holds = (count: number): boolean => rank > 0 && (dims.at(-1) === count || typeof dims.at(-1) === 'string');
  if (/scale_?factor/.test(plain) && dtype.startsWith('float') && holds(2))
    return {
      source: { kind: 'scale-factor' },
      reason: 'size after the resize divided by the original size, for height and width (PaddleDetection)',
    };
  if (/^im_?shape$/.test(plain) && holds(2))
    return {
      source: { kind: 'resized-size' },
      reason: 'height and width after the resize, without padding (PaddleDetection)',
    };
  if (/orig_target_size/.test(plain) && holds(2))
    return { source: { kind: 'original-size-wh' }, reason: 'original width and height (RT-DETR, DEIM)' };
  if (/(orig|image|img|target)_?(target_?)?(size|shape)/.test(plain) && holds(2))
    return { source: { kind: 'original-size' }, reason: 'original height and width' };
  if (/pixel_?mask/.test(plain) && rank >= 2)
    return { source: { kind: 'pixel-mask' }, reason: '1 where the image is, 0 where it was padded (DETR)' };
  if (/attention_?mask/.test(plain)) return { source: { kind: 'value', value: 1 }, reason: '1 everywhere' };
  if (/token_?type/.test(plain)) return { source: { kind: 'value', value: 0 }, reason: '0 everywhere' };
  if (rank >= 2) return { source: { kind: 'npz', field: name }, reason: `the array "${name}" of .npz files` };
  return null;
}
