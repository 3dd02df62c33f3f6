import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ImageInput } from '../../../src-shared/domain/project/preprocessing';
import { firstConvolution, type FirstConvolution } from './first-convolution';
import type { Model } from './model';
import { describeInput, modelInputs, type ModelInput } from './model-inputs';
import { GraphIndex } from './graph-index';

const IMAGE_CHANNELS: readonly number[] = [1, 3, 4];
/** The number of channels of an input that leaves it open and that no convolution reads: colour. */
const USUAL_CHANNELS = 3;
const IMAGE_TYPES: readonly ModelInput['dtype'][] = [
  'float32',
  'float16',
  'float64',
  'uint8',
  'int8',
  'int32',
  'int64',
];

/**
 * The inputs that can take an image, in the order of the graph: of rank 4 (a batch of images), or of rank 3 if there is
 * none of rank 4 (one image).
 */
export function imageInputs(model: Model): ImageInput[] {
  const inputs = modelInputs(model).filter(({ dtype }) => IMAGE_TYPES.includes(dtype));
  const ranked = inputs.filter(({ dims }) => dims.length === 4);
  if (ranked.length > 0) return ranked.map((input) => imageInput(input, firstConvolution(model.graph, input.name)));
  return inputs
    .filter(({ dims, dtype }) => dims.length === 3 && dtype !== 'int64' && isUnbatchedImage(dims))
    .map((input) =>
      imageInput({ ...input, dims: [1, ...input.dims] }, firstConvolution(model.graph, input.name), true),
    );
}

/** [channels, height, width] or [height, width, channels]; not [batch, sequence, features]. */
function isUnbatchedImage([a, , c]: readonly (number | string)[]): boolean {
  const isChannels = (dim: number | string | undefined): boolean =>
    typeof dim === 'number' && IMAGE_CHANNELS.includes(dim) && dim > 1;
  return isChannels(a) || isChannels(c);
}

/**
 * The image input of the model.
 * @throws WorkbenchError model-unsupported, with a description of the inputs found, if no input can take an image.
 */
export function imageInputOf(model: Model): ImageInput {
  const [image] = imageInputs(model);
  if (image !== undefined) return image;
  const inputs = new GraphIndex(model.graph).graphInputs;
  const found = inputs.length === 0 ? 'none' : inputs.map(describeInput).join(', ');
  throw new WorkbenchError(
    'model-unsupported',
    `Expected an image input with 4 dimensions (batch, channels, height, width), found ${found}`,
  );
}

/** Sizes that the model leaves open are found from the first convolution, or else assumed. */
function imageInput(input: ModelInput, conv: FirstConvolution | null, isUnbatched = false): ImageInput {
  const [batch = null, a = null, b = null, c = null] = input.dims.map((dim) => (typeof dim === 'number' ? dim : null));
  const layout = layoutOf([a, b, c], conv);
  const channels = (layout === 'nhwc' ? c : a) ?? conv?.channels ?? USUAL_CHANNELS;
  return {
    name: input.name,
    ...(input.dtype === 'float32' ? {} : { dtype: input.dtype }),
    ...(isUnbatched ? { isUnbatched } : {}),
    fixedBatch: isUnbatched ? 1 : batch,
    channels,
    height: layout === 'nhwc' ? a : b,
    width: layout === 'nhwc' ? b : c,
    layout,
  };
}

/**
 * What the graph does with the input decides; else the sizes: a last dimension of 1, 3 or 4 behind larger or open ones
 * means NHWC.
 */
function layoutOf(
  [a, b, c]: readonly [number | null, number | null, number | null],
  conv: FirstConvolution | null,
): ImageInput['layout'] {
  const isChannels = (size: number | null): boolean => size !== null && IMAGE_CHANNELS.includes(size);
  if (a !== null && b !== null && c !== null)
    return isChannels(c) && a > c && b > c && !(isChannels(a) && a <= b) ? 'nhwc' : 'nchw';
  if (isChannels(c) && !isChannels(a)) return 'nhwc';
  if (isChannels(a)) return 'nchw';
  return conv?.layout ?? 'nchw';
}
