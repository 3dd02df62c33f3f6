import type { FedInput, Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Feed, PreparedImage } from '../../backends/feeds';
import { createPreprocessor } from '../preprocessing/preprocess';

/** Makes the values of all inputs of a model for the images of a set. Each worker thread has its own. */
export interface FeedLoader {
  /** Throws WorkbenchError `image-invalid` with the file name if this image cannot be used. Loads may overlap. */
  load(entry: ImageEntry): Promise<PreparedImage>;
}

/** The values of one input for one entry, and the place of the image in it if it takes an image. */
type LoadInput = (entry: ImageEntry) => Promise<{ readonly feed: Feed; readonly geometry?: ImageGeometry }>;

/** @throws WorkbenchError preprocessing-invalid if the preprocessing cannot give the model's input. */
export function createFeedLoader({ inputs }: Feeding): FeedLoader {
  const loaders = inputs.map(loaderOf);
  return {
    load: async (entry) => {
      const loaded = await Promise.all(loaders.map((load) => load(entry)));
      return {
        feeds: loaded.map(({ feed }) => feed),
        geometry: loaded.find(({ geometry }) => geometry !== undefined)?.geometry ?? null,
      };
    },
  };
}

function loaderOf({ name, dtype, dims, source }: FedInput): LoadInput {
  const preprocessor = createPreprocessor(source.preprocessing, source.image);
  return async (entry) => {
    const { values: data, geometry } = await preprocessor.load(entry);
    return { feed: { name, dtype, dims: dims.map((dim) => (typeof dim === 'number' ? dim : 0)), data }, geometry };
  };
}
