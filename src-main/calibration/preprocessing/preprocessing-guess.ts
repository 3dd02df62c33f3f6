import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import {
  normalPreprocessing,
  type ImageInput,
  type PartialPreprocessing,
  type Preprocessing,
} from '../../../src-shared/domain/project/preprocessing';
import { channelsOf, checkPreprocessing, readAs, takesBytes } from './preprocessing-check';

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
export function guessPreprocessing(
  model: ImageInput,
  given: PartialPreprocessing,
  open?: OpenSize,
): GuessedPreprocessing {
  const notes: string[] = [];
  const modelInput = withSize(model, given, open, notes);
  const layout = given.layout ?? modelInput.layout;
  const input = readAs(modelInput, layout);
  if (given.layout === undefined)
    notes.push(
      `Layout ${layout.toUpperCase()}: "${input.name}" is ` +
        `${input.channels === 1 ? 'one channel' : `${input.channels} channels`} of ` +
        `${input.width ?? 'any'}x${input.height ?? 'any'}.`,
    );
  const order = given.order ?? guessOrder(input, notes);
  const geometry = guessGeometry(input, given, notes);
  const values = guessValues(given, { channels: channelsOf(order), input }, notes);
  const preprocessing = normalPreprocessing({
    ...geometry,
    order,
    ...values,
    layout,
    ...(given.orientation === undefined ? {} : { orientation: given.orientation }),
    // The two differ only for odd margins. Most image models are trained with torchvision or timm.
    cropRounding: given.cropRounding ?? 'half-even',
  });
  checkPreprocessing(preprocessing, model);
  return { preprocessing, notes };
}

/** How the size of an input is chosen that the model leaves open. */
export interface OpenSize {
  /** The size that the user chose; null: it is guessed from the images. */
  readonly chosen: ImageSize | null;
  /** Sizes of some images of the calibration set. */
  readonly images: readonly ImageSize[];
}

/** Detectors with a size that is open reduce images by 32. */
const MULTIPLE = 32;
/** The usual long side of detectors; larger images are reduced to it. */
const LARGEST_GUESS = 640;

/** The input with sizes in place of those that the model leaves open, unless they depend on the image. */
function withSize(
  input: ImageInput,
  given: PartialPreprocessing,
  open: OpenSize | undefined,
  notes: string[],
): ImageInput {
  const { chosen = null, images = [] } = open ?? {};
  if (input.width !== null && input.height !== null) {
    if (chosen !== null && (chosen.width !== input.width || chosen.height !== input.height))
      throw new WorkbenchError(
        'preprocessing-invalid',
        `Expected ${input.width}x${input.height} for "${input.name}", which the model fixes, found ` +
          `${chosen.width}x${chosen.height}`,
      );
    return input;
  }
  const sized = (size: ImageSize): ImageInput => ({
    ...input,
    width: input.width ?? size.width,
    height: input.height ?? size.height,
  });
  if (chosen !== null) return sized(chosen);
  const { resize } = given;
  const stated = given.crop ?? (resize?.kind === 'stretch' || resize?.kind === 'letterbox' ? resize : null);
  if (stated !== null) {
    notes.push(`"${input.name}" takes images of any size; they are all brought to ${stated.width}x${stated.height}.`);
    return sized(stated);
  }
  if (resize !== undefined) {
    notes.push(
      `"${input.name}" takes images of any size, and the size depends on the image: the model runs on one image at a ` +
        'time, and engines are built for a range of sizes.',
    );
    return input;
  }
  const guess = sizeNear(images);
  notes.push(
    `"${input.name}" takes images of any size; ${guess.width}x${guess.height} was chosen, the multiple of ${MULTIPLE} ` +
      `near the images${Math.max(guess.width, guess.height) === LARGEST_GUESS ? `, at most ${LARGEST_GUESS}` : ''}.`,
  );
  return sized(guess);
}

/** The median size of the images, at most LARGEST_GUESS, rounded to multiples. */
function sizeNear(images: readonly ImageSize[]): ImageSize {
  const median = (sides: readonly number[]): number =>
    sides.toSorted((a, b) => a - b)[Math.floor(sides.length / 2)] ?? LARGEST_GUESS;
  const width = median(images.map((image) => image.width));
  const height = median(images.map((image) => image.height));
  const ratio = Math.min(1, LARGEST_GUESS / Math.max(width, height));
  const rounded = (side: number): number => Math.max(MULTIPLE, Math.round((side * ratio) / MULTIPLE) * MULTIPLE);
  return { width: rounded(width), height: rounded(height) };
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
  if (width === null || height === null) return { resize: given.resize ?? { kind: 'none' }, crop: given.crop ?? null };
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
  { channels, input }: { readonly channels: number; readonly input: ImageInput },
  notes: string[],
): Pick<Preprocessing, 'scale' | 'mean' | 'std'> {
  if (takesBytes(input)) {
    notes.push(`Pixels from 0 to 255 as they are: "${input.name}" is ${input.dtype}.`);
    return { scale: given.scale ?? 1, mean: given.mean ?? [0], std: given.std ?? [1] };
  }
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
