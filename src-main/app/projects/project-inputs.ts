import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import type { CreateProjectRequest } from '../../../src-shared/contract/requests';
import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import type { InputSource, InputSources } from '../../../src-shared/domain/project/inputs';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { spread } from '../../analysis/choose-images';
import { loadImageSet } from '../../calibration/images/image-set';
import { imageSizes } from '../../calibration/images/image-size';
import { setArrays } from '../../calibration/inputs/set-arrays';
import { feedingOf } from '../../calibration/inputs/feeding';
import { guessSources } from '../../calibration/inputs/guess-sources';
import { checkPreprocessing } from '../../calibration/preprocessing/preprocessing-check';
import { guessPreprocessing } from '../../calibration/preprocessing/preprocessing-guess';
import { imageInputOf, imageInputs } from '../../onnx/graph/image-input';
import type { Model } from '../../onnx/graph/model';
import { modelInputs } from '../../onnx/graph/model-inputs';

/** Images whose sizes are read to choose the size of an input that leaves it open. */
const SIZED_IMAGES = 50;

/** Of a project whose model takes no images. */
const NO_PREPROCESSING: Preprocessing = {
  resize: { kind: 'none' },
  crop: null,
  order: 'rgb',
  scale: 1,
  mean: [0],
  std: [1],
  layout: 'nchw',
};

interface ProjectInputs {
  /** undefined for a model with one input that takes the images, which needs no statement. */
  readonly sources: InputSources | undefined;
  readonly notes: readonly string[];
}

/**
 * The sources of all inputs: the given ones, and guesses for the others.
 * @throws WorkbenchError usage for a source of an input that the model does not have; model-unsupported for an input
 *   without a source
 */
export function projectInputs(model: Model, given: InputSources): ProjectInputs {
  requireInputs(model, given);
  const guesses = guessSources(model, given);
  const sources: InputSources = Object.fromEntries(
    guesses.flatMap(({ input, source }): [string, InputSource][] => (source === null ? [] : [[input, source]])),
  );
  const isSimple = guesses.length === 1 && guesses[0]?.source?.kind === 'images';
  if (isSimple && Object.keys(given).length === 0) return { sources: undefined, notes: [] };
  return { sources, notes: guesses.map(({ note }) => note).filter((note) => note !== '') };
}

/** @throws WorkbenchError usage, which lists the inputs of the model */
export function requireInputs(model: Model, sources: InputSources): void {
  const names = modelInputs(model).map(({ name }) => name);
  const unknown = Object.keys(sources).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new WorkbenchError(
    'usage',
    `The model has no input "${unknown}"; its inputs are ${names.map((name) => `"${name}"`).join(', ')}`,
  );
}

/** The image input that the preprocessing is made for; null if no input takes images. */
function primaryImage(model: Model, sources: InputSources | undefined): ReturnType<typeof imageInputOf> | null {
  if (sources === undefined) return imageInputOf(model);
  const images = imageInputs(model);
  const takes = (kind: InputSource['kind']) => images.find(({ name }) => ownValue(sources, name)?.kind === kind);
  return takes('images') ?? takes('npz') ?? null;
}

/** The preprocessing of a new project. @throws WorkbenchError preprocessing-invalid, model-unsupported, usage */
export async function guessInputs(
  model: Model,
  request: CreateProjectRequest,
  sources: InputSources | undefined,
): Promise<{ readonly preprocessing: Preprocessing; readonly notes: readonly string[] }> {
  const image = primaryImage(model, sources);
  const guessed =
    image === null
      ? { preprocessing: { ...NO_PREPROCESSING, ...request.preprocessing }, notes: [] }
      : guessPreprocessing(image, request.preprocessing, {
          chosen: request.inputSize ?? null,
          images: image.width === null || image.height === null ? await sizesOf(request, sources) : [],
        });
  // Says what is wrong with a source before the project is written.
  feedingOf(model, { preprocessing: guessed.preprocessing, ...(sources === undefined ? {} : { inputs: sources }) });
  return guessed;
}

async function sizesOf(
  { calibrationPath, preprocessing }: CreateProjectRequest,
  sources: InputSources | undefined,
): Promise<ImageSize[]> {
  const { entries } = await loadImageSet({
    path: resolve(calibrationPath),
    labelsPath: null,
    isLenient: true,
    ...setArrays(sources),
  });
  const paths = spread(entries, SIZED_IMAGES).map(({ path }) => path);
  return (await imageSizes(paths, preprocessing.orientation)).filter((size) => size !== null);
}

/** @throws WorkbenchError preprocessing-invalid, model-unsupported */
export function checkInputs(
  model: Model,
  { preprocessing, inputs }: { readonly preprocessing: Preprocessing; readonly inputs?: InputSources },
): void {
  if (inputs !== undefined) requireInputs(model, inputs);
  const image = primaryImage(model, inputs);
  if (image !== null) checkPreprocessing(preprocessing, image);
  feedingOf(model, { preprocessing, ...(inputs === undefined ? {} : { inputs }) });
}
