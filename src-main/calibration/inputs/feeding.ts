import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { FedDim, FedInput, Feeding, FedSource } from '../../../src-shared/domain/project/feeding';
import { isSizeRule, type InputSource, type InputSources } from '../../../src-shared/domain/project/inputs';
import { outputSize, type ImageInput, type Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { imageInputs } from '../../onnx/graph/image-input';
import type { Model } from '../../onnx/graph/model';
import { modelInputs, type ModelInput } from '../../onnx/graph/model-inputs';
import { channelsOf } from '../preprocessing/preprocessing-check';
import { guessSources, type GuessedSource } from './guess-sources';

/** The feeding of a model with one image input. */
export function imageFeeding(image: ImageInput, preprocessing: Preprocessing): Feeding {
  const { name, dtype = 'float32', fixedBatch, isUnbatched } = image;
  return {
    fixedBatch,
    inputs: [
      {
        name,
        dtype,
        dims: imageDims(image),
        hasBatch: isUnbatched !== true,
        source: { kind: 'images', image, preprocessing },
      },
    ],
  };
}

/** The parts of a project that decide how the inputs of its model are fed. */
export interface FeedingChoices {
  readonly preprocessing: Preprocessing;
  /** Absent: as the names and shapes of the inputs suggest. */
  readonly inputs?: InputSources;
}

/**
 * How the inputs of a model are fed in a project.
 * @throws WorkbenchError model-unsupported for an input without a source, or with one that it cannot take
 */
export function feedingOf(model: Model, { preprocessing, inputs: given = {} }: FeedingChoices): Feeding {
  const inputs = modelInputs(model);
  const sources = guessSources(model, given);
  const primary = sources.find(({ source }) => source?.kind === 'images')?.input;
  const found = imageInputs(model);
  const first = primary ?? found.find(({ name }) => sourceOf(sources, name)?.kind === 'npz')?.name;
  const images = new Map(
    found.map((image): [string, FedImage] => {
      const own = image.name === first ? preprocessing : adapted(preprocessing, image);
      return [image.name, { image: withOutputSize(image, own), preprocessing: own }];
    }),
  );
  const batch = batchOf(inputs, images, primary);
  return {
    fixedBatch: typeof batch.size === 'number' ? batch.size : null,
    inputs: inputs.map((input, i): FedInput => {
      const source = sources[i]?.source ?? null;
      if (source === null) throw withoutSource(input);
      const hasBatch = isBatch(input, batch, images.get(input.name)?.image);
      return {
        name: input.name,
        dtype: input.dtype,
        dims: dimsOf(input, { hasBatch, image: images.get(input.name)?.image, source }),
        hasBatch,
        source: fedSource(input, source, {
          fed: images.get(input.name),
          isBeside: primary !== undefined,
          hasSizes: first !== undefined,
        }),
      };
    }),
  };
}

/** An input that can take an image, with the preprocessing of the images that it gets. */
interface FedImage {
  readonly image: ImageInput;
  readonly preprocessing: Preprocessing;
}

function sourceOf(sources: readonly GuessedSource[], input: string): InputSource | null {
  return sources.find((guess) => guess.input === input)?.source ?? null;
}

function withoutSource({ name, dtype, dims }: ModelInput): WorkbenchError {
  return new WorkbenchError(
    'model-unsupported',
    `Expected a source for input "${name}" ${dtype} [${dims.join(', ')}]; its name and shape suggest none`,
    { hint: advise('name-input-source', { input: name }) },
  );
}

interface BatchAxis {
  /** Its fixed size or symbolic name; null: the model has no batch. */
  readonly size: number | string | null;
}

/** The batch is the first axis of the input that takes the images, else that of the first input with two axes. */
function batchOf(
  inputs: readonly ModelInput[],
  images: ReadonlyMap<string, FedImage>,
  imageName: string | undefined,
): BatchAxis {
  if (imageName !== undefined && images.get(imageName)?.image.isUnbatched) return { size: 1 };
  const leading = inputs.find(({ name, dims }) => (imageName === undefined ? dims.length >= 2 : name === imageName));
  return { size: leading?.dims[0] ?? 1 };
}

/**
 * Whether the first axis of an input is the batch: it has the size or the name of the batch, or is open like it. A
 * first axis of 1 beside an open batch is not: such an input is the same for every image of a batch.
 */
function isBatch({ dims }: ModelInput, { size }: BatchAxis, image: ImageInput | undefined): boolean {
  const [first] = dims;
  if (first === undefined || image?.isUnbatched) return false;
  if (typeof size === 'number') return first === size || typeof first === 'string';
  return typeof first === 'string';
}

function imageDims({ channels, height, width, layout }: ImageInput): FedDim[] {
  const plane: FedDim[] = [height ?? { image: 'height' }, width ?? { image: 'width' }];
  return layout === 'nchw' ? [channels, ...plane] : [...plane, channels];
}

function dimsOf(
  { dims }: ModelInput,
  {
    hasBatch,
    image,
    source,
  }: { readonly hasBatch: boolean; readonly image: ImageInput | undefined; readonly source: InputSource },
): FedDim[] {
  if (image !== undefined && (source.kind === 'images' || source.kind === 'npz')) return imageDims(image);
  const own = hasBatch ? dims.slice(1) : dims;
  return own.map((dim, axis): FedDim => {
    if (typeof dim === 'number') return dim;
    if (source.kind === 'pixel-mask' && axis >= own.length - 2)
      return { image: axis === own.length - 2 ? 'height' : 'width' };
    if (isSizeRule(source.kind)) return 2;
    return { symbol: dim };
  });
}

function fedSource(
  input: ModelInput,
  source: InputSource,
  {
    fed,
    isBeside,
    hasSizes,
  }: { readonly fed: FedImage | undefined; readonly isBeside: boolean; readonly hasSizes: boolean },
): FedSource {
  switch (source.kind) {
    case 'images':
      if (fed === undefined) {
        throw new WorkbenchError(
          'model-unsupported',
          `Expected an input of an image (batch, channels, height, width) for "${input.name}", found ${input.dtype} ` +
            `[${input.dims.join(', ')}]`,
          { hint: advise('name-input-source', { input: input.name }) },
        );
      }
      return { kind: 'images', ...fed };
    case 'npz':
      return {
        kind: 'npz',
        field: source.field,
        isBeside,
        ...fed,
      };
    case 'value':
      return source;
    default:
      if (!hasSizes) {
        throw new WorkbenchError(
          'model-unsupported',
          `Input "${input.name}" is computed from the size of an image (${source.kind}), and no input takes images`,
          { hint: advise('name-input-source', { input: input.name }) },
        );
      }
      return source;
  }
}

/** The input with the size that the preprocessing gives every image, where the model leaves it open. */
function withOutputSize(image: ImageInput, preprocessing: Preprocessing): ImageInput {
  if (image.width !== null && image.height !== null) return image;
  const size = outputSize(preprocessing);
  const { layout } = preprocessing;
  return size === null
    ? { ...image, layout }
    : { ...image, layout, width: image.width ?? size.width, height: image.height ?? size.height };
}

/**
 * The preprocessing of the project for one of several image inputs: an input of another fixed size or number of
 * channels gets the images at its own size (stretched) and with its own channels.
 */
function adapted(preprocessing: Preprocessing, image: ImageInput): Preprocessing {
  const { width, height } = image;
  const size = outputSize(preprocessing);
  const isOtherSize =
    width !== null && height !== null && size !== null && (size.width !== width || size.height !== height);
  const order = channelsOf(preprocessing.order) === image.channels ? preprocessing.order : orderOf(image.channels);
  const { layout } = image;
  if (!isOtherSize && order === preprocessing.order && layout === preprocessing.layout) return preprocessing;
  return {
    ...preprocessing,
    layout,
    order,
    ...(isOtherSize ? { resize: { kind: 'stretch', width, height }, crop: null } : {}),
    mean: perChannel(preprocessing.mean, order),
    std: perChannel(preprocessing.std, order),
  };
}

function orderOf(channels: number): Preprocessing['order'] {
  return channels === 1 ? 'gray' : 'rgb';
}

function perChannel(values: readonly number[], order: Preprocessing['order']): readonly number[] {
  if (values.length === 1 || values.length === channelsOf(order)) return values;
  return [values.reduce((sum, value) => sum + value, 0) / values.length];
}
