import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { scaleText } from '../../../src-shared/domain/project/preprocessing-text';
import { advise, type Advice } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';

const invalid = (message: string, hint: string | Advice): WorkbenchError =>
  new WorkbenchError('preprocessing-invalid', message, { hint });

export function channelsOf(order: Preprocessing['order']): 1 | 3 {
  return order === 'gray' ? 1 : 3;
}

/**
 * The same input shape interpreted in another layout: [3, 224, 224] is 3 channels of 224x224 in NCHW, but 224 channels
 * in NHWC.
 */
export function readAs(input: ImageInput, layout: ImageInput['layout']): ImageInput {
  if (input.layout === layout) return input;
  const { channels, height, width } = input;
  // A size that the model leaves open may be that of any axis, the number of channels included.
  if (height === null || width === null) return { ...input, layout };
  return layout === 'nhwc'
    ? { ...input, layout, height: channels, width: height, channels: width }
    : { ...input, layout, channels: height, height: width, width: channels };
}

/**
 * Throws `preprocessing-invalid` if the result of the preprocessing does not have the size and channels of the model's
 * input. A model whose input is not an image (neither 1 nor 3 channels) passes the check: it takes .npy tensors only,
 * which are not preprocessed. Images are then refused one by one.
 */
export function checkPreprocessing(preprocessing: Preprocessing, modelInput: ImageInput): void {
  const input = readAs(modelInput, preprocessing.layout);
  const isImage = input.channels === 1 || input.channels === 3;
  const isOtherAnImage =
    modelInput.layout !== preprocessing.layout && (modelInput.channels === 1 || modelInput.channels === 3);
  if (!isImage && isOtherAnImage) {
    throw invalid(
      `Layout ${preprocessing.layout} reads ${input.channels} channels of ${input.width}x${input.height} out ` +
        `of "${input.name}", ${modelInput.layout} reads ${modelInput.channels} of ` +
        `${modelInput.width}x${modelInput.height}`,
      advise('use-layout', { layout: modelInput.layout }),
    );
  }
  const channels = channelsOf(preprocessing.order);
  if (isImage && channels !== input.channels) {
    throw invalid(
      `Expected ${input.channels} input channel${input.channels === 1 ? '' : 's'} for "${input.name}" ` +
        `(${preprocessing.layout.toUpperCase()}) but order ${preprocessing.order} gives ${channels}`,
      advise(input.channels === 1 ? 'use-order-gray' : 'use-order-colour'),
    );
  }
  checkCount(preprocessing.mean, 'mean', channels);
  checkCount(preprocessing.std, 'standard deviation', channels);
  checkValues(preprocessing, input);
  if (isImage) checkSize(preprocessing, input);
}

function checkCount(values: readonly number[], name: 'mean' | 'standard deviation', channels: number): void {
  if (values.length !== 1 && values.length !== channels) {
    throw invalid(
      `Expected 1 or ${channels} values for the ${name}, found ${values.length} (${values.join(',')})`,
      'Give one value for all channels or one per channel, in the order of the channels.',
    );
  }
}

function checkSize(preprocessing: Preprocessing, input: ImageInput): void {
  const { resize, crop } = preprocessing;
  const isFixed = input.width !== null && input.height !== null;
  const wanted = `${input.width ?? 'any'}x${input.height ?? 'any'}`;
  if (crop !== null && !fits(crop, input)) {
    throw invalid(
      `Expected ${wanted} for "${input.name}" but the crop gives ${crop.width}x${crop.height}`,
      advise('use-crop', { size: wanted }),
    );
  }
  switch (resize.kind) {
    case 'none':
      return; // every image is checked when it is read
    case 'long':
      if (crop === null && isFixed)
        throw invalid(
          `After a resize of the long side to ${resize.longSide} the size depends on the image; ` +
            `"${input.name}" takes ${wanted}`,
          advise('use-letterbox-or-crop', { size: wanted }),
        );
      return;
    case 'short':
      if (crop === null) {
        if (!isFixed) return;
        throw invalid(
          `After a resize of the short side to ${resize.shortSide} the size depends on the image; ` +
            `"${input.name}" takes ${wanted}`,
          advise('use-crop', { size: wanted }),
        );
      }
      if (resize.shortSide < Math.min(crop.width, crop.height)) {
        throw invalid(
          `A crop of ${crop.width}x${crop.height} does not fit into images with a short side of ${resize.shortSide}`,
          advise('use-short-side', { side: String(Math.min(crop.width, crop.height)) }),
        );
      }
      return;
    case 'stretch':
    case 'letterbox': {
      const how = resize.kind === 'stretch' ? 'resize' : 'letterbox';
      const size = `${resize.width}x${resize.height}`;
      if (crop === null && !fits(resize, input)) {
        throw invalid(
          `Expected ${wanted} for "${input.name}" but the ${how} gives ${size}`,
          advise(how === 'resize' ? 'use-resize-or-crop' : 'use-letterbox-or-crop', { size: wanted }),
        );
      }
      if (crop !== null && (crop.width > resize.width || crop.height > resize.height)) {
        const cropped = `${crop.width}x${crop.height}`;
        throw invalid(
          `A crop of ${cropped} does not fit into a ${how} of ${size}`,
          advise(how === 'resize' ? 'use-larger-resize' : 'use-larger-letterbox', { size: cropped }),
        );
      }
      return;
    }
  }
}

/** Whether a size is one that the input takes; a size that the model leaves open may be any. */
function fits(size: { readonly width: number; readonly height: number }, input: ImageInput): boolean {
  return (input.width ?? size.width) === size.width && (input.height ?? size.height) === size.height;
}

/** Input types that take the bytes of the pixels as they are. */
export function takesBytes({ dtype = 'float32' }: ImageInput): boolean {
  return !dtype.startsWith('float');
}

function checkValues({ scale, mean, std }: Preprocessing, input: ImageInput): void {
  if (!takesBytes(input)) return;
  if (scale === 1 && mean.every((value) => value === 0) && std.every((value) => value === 1)) return;
  throw invalid(
    `"${input.name}" is ${input.dtype} and takes pixels from 0 to 255 as they are; expected scale 1, mean 0 and ` +
      `standard deviation 1, found ${scaleText(scale)}, ${mean.join(',')} and ${std.join(',')}`,
    advise('use-plain-pixels'),
  );
}
