import {
  normalPreprocessing,
  type ImageInput,
  type PartialPreprocessing,
  type Preprocessing,
} from '../../../src-shared/domain/project/preprocessing';
import { channelsOf, checkPreprocessing, readAs } from './preprocessing-check';

export interface GuessedPreprocessing {
  readonly preprocessing: Preprocessing;
  /** One sentence per part that was guessed. */
  readonly notes: readonly string[];
}

/** A mean or std above this value can only refer to pixels of 0..255. */
const MAX_OF_UNIT_PIXELS = 1.5;

/**
 * Completes the given preprocessing by guesses from the model's input, and checks that the result fits that input.
 * Throws `preprocessing-invalid`.
 */
export function guessPreprocessing(modelInput: ImageInput, given: PartialPreprocessing): GuessedPreprocessing {
  const notes: string[] = [];
  const layout = given.layout ?? modelInput.layout;
  const input = readAs(modelInput, layout);
  if (given.layout === undefined)
    notes.push(
      `Layout ${layout.toUpperCase()}: "${input.name}" is ` +
        `${input.channels === 1 ? 'one channel' : `${input.channels} channels`} of ` +
        `${input.width}x${input.height}.`,
    );
  const order = given.order ?? guessOrder(input, notes);
  const geometry = guessGeometry(input, given, notes);
  const values = guessValues(given, channelsOf(order), notes);
  const preprocessing = normalPreprocessing({
    ...geometry,
    order,
    ...values,
    layout,
    ...(given.orientation === undefined ? {} : { orientation: given.orientation }),
    // The two differ only for odd margins. Most image models are trained with torchvision or timm.
    cropRounding: given.cropRounding ?? 'half-even',
  });
  checkPreprocessing(preprocessing, modelInput);
  return { preprocessing, notes };
}

function guessOrder(input: ImageInput, notes: string[]): Preprocessing['order'] {
  if (input.channels === 1) {
    notes.push(`Channel order gray: "${input.name}" has one channel.`);
    return 'gray';
  }
  if (input.channels === 3)
    notes.push('Channel order RGB, the most common one; models from Caffe or OpenCV expect BGR.');
  else
    notes.push(
      `"${input.name}" has ${input.channels} channels, which no image has: only .npy and .npz tensors of its ` +
        'shape can be used.',
    );
  return 'rgb';
}

function guessGeometry(
  input: ImageInput,
  given: PartialPreprocessing,
  notes: string[],
): Pick<Preprocessing, 'resize' | 'crop'> {
  const { width, height } = input;
  const whole = { width, height };
  const size = `${width}x${height}`;
  if (given.resize === undefined) {
    if (given.crop !== undefined) return { resize: { kind: 'none' }, crop: given.crop };
    notes.push(`Images of another size are stretched to ${size}, the input of the model.`);
    return { resize: { kind: 'stretch', ...whole }, crop: null };
  }
  if (given.crop !== undefined) return { resize: given.resize, crop: given.crop };
  const { resize } = given;
  const isLarger =
    (resize.kind === 'stretch' || resize.kind === 'letterbox') && (resize.width > width || resize.height > height);
  if (resize.kind !== 'short' && !isLarger) return { resize, crop: null };
  notes.push(`After the resize the centre of ${size} is cropped, the input of the model.`);
  return { resize, crop: whole };
}

function guessValues(
  given: PartialPreprocessing,
  channels: number,
  notes: string[],
): Pick<Preprocessing, 'scale' | 'mean' | 'std'> {
  const mean = given.mean ?? [0];
  const std = given.std ?? [1];
  const forBytes = [...(given.mean ?? []), ...(given.std ?? [])].some((value) => Math.abs(value) > MAX_OF_UNIT_PIXELS);
  if (given.scale === undefined) {
    notes.push(
      forBytes
        ? `Scale 1: mean ${mean.join(',')} and std ${std.join(',')} are values of pixels from 0 to 255.`
        : 'Scale 1/255: pixels become 0 to 1.',
    );
  }
  if (given.mean === undefined) notes.push('Mean 0: nothing is subtracted.');
  if (given.std === undefined)
    notes.push(`Standard deviation 1: ${channels === 1 ? 'the channel is' : 'channels are'} not divided.`);
  return { scale: given.scale ?? (forBytes ? 1 : 1 / 255), mean, std };
}
