import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import type { WorkbenchError } from '../../../src-shared/base/errors';
import { fieldsOf, type FedDim, type FedInput, type Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import { elementsOf, type Feed, type PreparedImage } from '../../backends/feeds';
import { imageError } from '../images/image-decoder';
import type { NpyRecord } from '../images/npy';
import { FieldReader, type FieldRecord } from '../images/npy-fields';
import { createPreprocessor, type Preprocessor } from '../preprocessing/preprocess';
import { feedData } from './feed-values';
import { sizeRuleValues } from './size-rules';

/** Makes the values of all inputs of a model for the images of a set. Each worker thread has its own. */
export interface FeedLoader {
  /** Throws WorkbenchError `image-invalid` with the file name if this image cannot be used. Loads may overlap. */
  load(entry: ImageEntry): Promise<PreparedImage>;
}

/** An input that is read from the files of an entry. */
interface ReadInput {
  readonly feed: Feed;
  readonly geometry?: ImageGeometry;
}

/** What is known about an entry once its files have been read. */
interface ReadEntry {
  readonly name: string;
  readonly geometry: ImageGeometry | null;
  /** Symbolic axis -> its size for this entry. */
  readonly symbols: ReadonlyMap<string, number>;
}

/** @throws WorkbenchError preprocessing-invalid if the preprocessing cannot give the model's input. */
export function createFeedLoader(feeding: Feeding): FeedLoader {
  const fields = new FieldReader();
  const readers = feeding.inputs.map((input) => readerOf(input, fields));
  const isArrays = fieldsOf(feeding).length > 0;
  return {
    load: async (entry) => {
      const name = entry.record === null ? entry.file : `${entry.file}#${entry.record}`;
      // The fields of one archive are read in turn, so that a deflated one is inflated once.
      const read: (ReadInput | null)[] = [];
      for (const reader of readers) read.push((await reader?.(entry, name)) ?? null);
      const known: ReadEntry = {
        name: isArrays ? name : entry.file,
        geometry: read.find((input) => input?.geometry !== undefined)?.geometry ?? null,
        symbols: symbolsOf(feeding.inputs, read, name),
      };
      return {
        feeds: feeding.inputs.map((input, i) => read[i]?.feed ?? computedFeed(input, known)),
        geometry: known.geometry,
      };
    },
  };
}

type Reader = (entry: ImageEntry, name: string) => Promise<ReadInput>;

/** null for an input that is computed from the others. */
function readerOf(input: FedInput, fields: FieldReader): Reader | null {
  const { source } = input;
  if (source.kind === 'images') {
    const preprocessor = createPreprocessor(source.preprocessing, source.image);
    return async (entry) => imageFeed(input, await preprocessor.load(entry));
  }
  if (source.kind !== 'npz') return null;
  const preprocessor =
    source.image === undefined || source.preprocessing === undefined
      ? null
      : createPreprocessor(source.preprocessing, source.image);
  return async (entry, name) => {
    const path = source.isBeside ? `${entry.path.slice(0, -extname(entry.path).length)}.npz` : entry.path;
    const record = source.isBeside ? 0 : (entry.record ?? 0);
    if (source.isBeside && !existsSync(path)) throw noArrayBeside(entry.file, input.name, source.field, path);
    const found = await fields.read(path, source.isBeside ? `${entry.file} (${path})` : name, {
      field: source.field,
      record,
    });
    if (preprocessor !== null) return imageFeed(input, preprocessor.loadArray(asNpyRecord(found), name));
    return { feed: arrayFeed(input, found, name) };
  };
}

function noArrayBeside(file: string, input: string, field: string, path: string): WorkbenchError {
  return imageError(
    file,
    `input "${input}" takes the array "${field}" of ${path}, and there is no such file; write one beside every image, ` +
      `or choose another source for "${input}"`,
  );
}

function imageFeed(
  { name, dtype }: FedInput,
  { values, dims, geometry }: Awaited<ReturnType<Preprocessor['load']>>,
): ReadInput {
  return { feed: { name, dtype, dims, data: feedData(dtype, values) }, geometry };
}

function asNpyRecord({ shape, values, isBytes }: FieldRecord): NpyRecord {
  return isBytes
    ? { shape, values: { kind: 'pixels', data: values as Uint8Array } }
    : { shape, values: { kind: 'floats', data: feedData('float32', values) as Float32Array } };
}

function arrayFeed({ name, dtype, dims }: FedInput, { shape, values }: FieldRecord, file: string): Feed {
  const fits =
    shape.length === dims.length && dims.every((dim, axis) => typeof dim !== 'number' || dim === shape[axis]);
  if (!fits)
    throw imageError(
      file,
      `expected records of shape ${shapeText(dims)} for input "${name}", found ${shape.join('x') || 'a single number'}`,
    );
  return { name, dtype, dims: shape, data: feedData(dtype, values) };
}

function shapeText(dims: readonly FedDim[]): string {
  return dims.map((dim) => (typeof dim === 'number' ? dim : 'image' in dim ? dim.image : dim.symbol)).join('x');
}

/** Axes with the same name have the same size in all inputs of an entry. */
function symbolsOf(
  inputs: readonly FedInput[],
  read: readonly (ReadInput | null)[],
  name: string,
): ReadonlyMap<string, number> {
  const symbols = new Map<string, number>();
  for (const [i, { dims, name: input }] of inputs.entries()) {
    const found = read[i]?.feed.dims;
    if (!found) continue;
    for (const [axis, dim] of dims.entries()) {
      if (typeof dim === 'number' || !('symbol' in dim) || dim.symbol === '?') continue;
      const size = found[axis] ?? 0;
      const known = symbols.get(dim.symbol) ?? size;
      if (known !== size)
        throw imageError(name, `axis "${dim.symbol}" has ${known} entries in another input and ${size} in "${input}"`);
      symbols.set(dim.symbol, size);
    }
  }
  return symbols;
}

function computedFeed({ name, dtype, dims, source }: FedInput, { geometry, symbols, name: file }: ReadEntry): Feed {
  const sizes = dims.map((dim): number => {
    if (typeof dim === 'number') return dim;
    const size =
      'symbol' in dim ? symbols.get(dim.symbol) : dim.image === 'height' ? geometry?.inputHeight : geometry?.inputWidth;
    if (size === undefined)
      throw imageError(
        file,
        `the shape of input "${name}" is not known: no array and no image has the axes ${shapeText(dims)}`,
      );
    return size;
  });
  if (source.kind === 'value')
    return { name, dtype, dims: sizes, data: feedData(dtype, new Float64Array(elementsOf(sizes)).fill(source.value)) };
  if (source.kind === 'images' || source.kind === 'npz' || geometry === null)
    throw imageError(file, `input "${name}" needs the size of an image, and the entry has none`);
  return { name, dtype, dims: sizes, data: feedData(dtype, sizeRuleValues(source.kind, sizes, geometry)) };
}
