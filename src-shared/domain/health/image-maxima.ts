import type { MaximumImage } from './health';
import { firstListingId } from '../project/image-set';

/**
 * Largest |x| of every image in every tensor: `amax[image * tensors.length + tensor]`, real units; NaN if it is
 * unknown.
 */
export interface ImageMaxima {
  readonly images: readonly string[];
  readonly tensors: readonly string[];
  readonly amax: Float32Array;
}

/**
 * Images whose largest |x| in a tensor is at least `ratio` times that of every other image, sorted by the number of
 * such tensors, largest first (ties: by the ratio). A tensor without a second value above 0 has no ratio and is
 * omitted. An image that a list repeats counts as one image.
 */
export function imagesThatSetMaxima(maxima: ImageMaxima, ratio: number): readonly MaximumImage[] {
  const { images, tensors, amax } = maxima;
  const firstListings = images.map(firstListingId);
  const byImage = new Map<number, MaximumImage['tensors'][number][]>();
  for (const [t, tensor] of tensors.entries()) {
    const { image, largest, second } = topTwo(amax, t, firstListings, tensors.length);
    if (image < 0 || second <= 0 || largest < ratio * second) continue;
    byImage.set(image, [...(byImage.get(image) ?? []), { tensor, amax: largest, without: second }]);
  }
  return [...byImage]
    .map(([image, found]) => ({ id: images[image] ?? '', tensors: found.sort((a, b) => ratioOf(b) - ratioOf(a)) }))
    .sort(
      (a, b) =>
        b.tensors.length - a.tensors.length || ratioOf(b.tensors[0]) - ratioOf(a.tensors[0]) || (a.id < b.id ? -1 : 1),
    );
}

function ratioOf(tensor: MaximumImage['tensors'][number] | undefined): number {
  return tensor === undefined ? 0 : tensor.amax / tensor.without;
}

function topTwo(
  amax: Float32Array,
  tensor: number,
  images: readonly string[],
  width: number,
): { readonly image: number; readonly largest: number; readonly second: number } {
  let image = -1;
  let largest = 0;
  let second = 0;
  for (const [i, id] of images.entries()) {
    const value = amax[i * width + tensor] ?? Number.NaN;
    if (!(value > second) || id === images[image]) continue; // NaN is skipped too
    if (value > largest) {
      second = largest;
      largest = value;
      image = i;
    } else {
      second = value;
    }
  }
  return { image, largest, second };
}
