import { readFile, stat } from 'node:fs/promises';
import type { ImageEntry, ImageSize } from '../../../src-shared/domain/project/image-set';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { ImageTruth } from '../../../src-shared/domain/tasks/truth';
import { readError } from '../../base/file-errors';
import { requireAllowedPath } from '../../base/path-policy';
import { truthInvalid } from './label-text';
import { decodePngIndices, PngError, type StoredIndices } from './png-indices';

const MAX_FILE_BYTES = 200e6;
/** Higher values of 16-bit masks become this one, which no class has. */
const MAX_LABEL = 32767;
const HINT = 'Expected a PNG file as large as its image, whose palette indices or gray values are class indices.';

type MaskTruth = Extract<ImageTruth, { readonly kind: 'mask' }>;

/** The class index of every pixel, row by row. */
export interface MaskPixels {
  readonly width: number;
  readonly height: number;
  readonly labels: Uint8Array | Uint16Array;
}

/** The class index of every pixel of the network's input, row by row. */
export interface InputMask {
  readonly width: number;
  readonly height: number;
  readonly labels: Int16Array;
}

/** The class indices of a mask at its own size. @throws WorkbenchError not-found, labels-invalid, usage */
export async function readMask({ path, objectValue }: MaskTruth): Promise<MaskPixels> {
  const { width, height, data } = await readIndices(path);
  if (objectValue === undefined) return { width, height, labels: data };
  const labels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 1) labels[i] = data[i] === objectValue ? 1 : 0;
  return { width, height, labels };
}

async function readIndices(path: string): Promise<StoredIndices> {
  requireAllowedPath(path);
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new PngError(`the file is too large (${Math.round(size / 1e6)} MB)`);
    return await decodePngIndices(await readFile(path));
  } catch (error) {
    if (error instanceof PngError) throw truthInvalid(`Cannot read the mask ${path}: ${error.message}`, HINT);
    throw readError(error, path, 'Mask');
  }
}

/** @throws WorkbenchError labels-invalid, which names both files, if a mask and its image have different sizes */
export function requireMaskSize(mask: ImageSize, image: ImageSize, { maskPath, imagePath }: MaskFiles): void {
  if (mask.width === image.width && mask.height === image.height) return;
  throw truthInvalid(
    `Expected a mask of ${image.width}x${image.height} for ${imagePath}, found ${mask.width}x${mask.height} in ` +
      maskPath,
    'Make the masks as large as their images.',
  );
}

interface MaskFiles {
  readonly maskPath: string;
  readonly imagePath: string;
}

/**
 * The mask of an image at the size of the network's input, by nearest neighbour: the label of the pixel of the original
 * in which the centre of the input's pixel lies. Pixels of the input outside of the original (padding) get the label
 * `outside`: 0 if padding counts as background, or the index that is ignored.
 */
export function maskAtInput(
  { width, height, labels }: MaskPixels,
  geometry: ImageGeometry,
  outside: number,
): InputMask {
  const { inputWidth, inputHeight } = geometry;
  const columns = sourceOf(inputWidth, { scale: geometry.scaleX, offset: geometry.offsetX, size: width });
  const rows = sourceOf(inputHeight, { scale: geometry.scaleY, offset: geometry.offsetY, size: height });
  const mapped = new Int16Array(inputWidth * inputHeight);
  for (let y = 0, to = 0; y < inputHeight; y += 1) {
    const row = rows[y] ?? -1;
    for (let x = 0; x < inputWidth; x += 1, to += 1) {
      const column = columns[x] ?? -1;
      const label = row < 0 || column < 0 ? outside : (labels[row * width + column] ?? outside);
      mapped[to] = Math.min(label, MAX_LABEL);
    }
  }
  return { width: inputWidth, height: inputHeight, labels: mapped };
}

/** For every pixel of an axis of the input: its position in the original, or -1. */
function sourceOf(
  length: number,
  { scale, offset, size }: { readonly scale: number; readonly offset: number; readonly size: number },
): Int32Array {
  return Int32Array.from({ length }, (_, i) => {
    const source = Math.floor((i + 0.5 - offset) / scale);
    return source >= 0 && source < size ? source : -1;
  });
}

/** Padding is background, class 0. */
const PADDING_LABEL = 0;

/**
 * The mask of an image at the size of the network's input, see maskAtInput; padding counts as background. null if the
 * image has no mask, or no place in the input.
 * @throws WorkbenchError not-found, labels-invalid, which names both files if the mask is not as large as the image
 */
export async function maskOf(
  { path, truth }: Pick<ImageEntry, 'path' | 'truth'>,
  geometry: ImageGeometry | null,
): Promise<InputMask | null> {
  if (truth?.kind !== 'mask' || geometry === null) return null;
  const mask = await readMask(truth);
  requireMaskSize(mask, geometry, { maskPath: truth.path, imagePath: path });
  return maskAtInput(mask, geometry, PADDING_LABEL);
}
