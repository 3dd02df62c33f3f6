/**
 * Near duplicates: images that show the same picture with another compression, another size or a change of brightness.
 *
 * A fingerprint is a grey thumbnail of FINGERPRINT_WIDTH x FINGERPRINT_HEIGHT pixels and its difference hash (dHash,
 * Krawetz 2013): one bit per pixel, set if the pixel is brighter than its right neighbour. The hash is a quick filter;
 * the correlation of the thumbnails decides, because on small pictures of one kind (characters on plates, digits) many
 * hashes are similar.
 */
export const FINGERPRINT_WIDTH = 17;
export const FINGERPRINT_HEIGHT = 16;
const HASH_WORDS = ((FINGERPRINT_WIDTH - 1) * FINGERPRINT_HEIGHT) / 32;

/**
 * Largest number of the 256 bits that may differ, and the lowest correlation of near duplicates; docs/health.md has the
 * measurements behind both.
 */
const MAX_DIFFERENT_BITS = 48;
const MIN_CORRELATION = 0.99;
/** Standard deviation in grey levels below which a picture is too flat to be distinguished from another flat one. */
const MIN_CONTRAST = 2;

export interface Fingerprint {
  readonly hash: Uint32Array;
  /**
   * Grey levels minus their mean, divided by their norm; null for a flat picture, which never counts as a duplicate.
   */
  readonly direction: Float32Array | null;
}

/** @param gray FINGERPRINT_WIDTH * FINGERPRINT_HEIGHT grey levels (0..255), row by row. */
export function fingerprintOf(gray: Uint8Array): Fingerprint {
  const hash = new Uint32Array(HASH_WORDS);
  let bit = 0;
  for (let y = 0; y < FINGERPRINT_HEIGHT; y += 1) {
    for (let x = 0; x + 1 < FINGERPRINT_WIDTH; x += 1, bit += 1) {
      const at = y * FINGERPRINT_WIDTH + x;
      if ((gray[at] ?? 0) > (gray[at + 1] ?? 0)) hash[bit >> 5] = (hash[bit >> 5] ?? 0) | (1 << (bit & 31));
    }
  }
  const mean = gray.reduce((sum, value) => sum + value, 0) / gray.length;
  const norm = Math.sqrt(gray.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  const isFlat = norm < MIN_CONTRAST * Math.sqrt(gray.length);
  return { hash, direction: isFlat ? null : Float32Array.from(gray, (value) => (value - mean) / norm) };
}

/** Indices of the near duplicates of image `index` among the images before it, ascending. */
export function nearDuplicatesOf(index: number, fingerprints: readonly (Fingerprint | null)[]): readonly number[] {
  const own = fingerprints[index];
  if (!own?.direction) return [];
  const found: number[] = [];
  for (let i = 0; i < index; i += 1) {
    const other = fingerprints[i];
    if (
      other?.direction &&
      differentBits(own.hash, other.hash) <= MAX_DIFFERENT_BITS &&
      correlation(own.direction, other.direction) >= MIN_CORRELATION
    )
      found.push(i);
  }
  return found;
}

function differentBits(a: Uint32Array, b: Uint32Array): number {
  let different = 0;
  for (let i = 0; i < HASH_WORDS; i += 1) {
    different += bitsSet((a[i] ?? 0) ^ (b[i] ?? 0));
    if (different > MAX_DIFFERENT_BITS) break;
  }
  return different;
}

function bitsSet(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
