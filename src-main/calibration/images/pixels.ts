/** An image as bytes, row by row, channels interleaved (HWC): 1 gray or 3 RGB. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Drops the last of `channels` interleaved channels. */
export function withoutAlpha(data: Uint8Array, channels: number): Uint8Array {
  const kept = channels - 1;
  const out = new Uint8Array((data.length / channels) * kept);
  for (let from = 0, to = 0; to < out.length; from += channels, to += kept) {
    for (let c = 0; c < kept; c += 1) out[to + c] = data[from + c] ?? 0;
  }
  return out;
}

/**
 * Luma of ITU-R BT.601 in 16-bit fixed point, the same as Pillow's `convert("L")`. Gray images are returned unchanged.
 */
export function toGray(pixels: Pixels): Pixels {
  if (pixels.channels === 1) return pixels;
  const { width, height, data } = pixels;
  const gray = new Uint8Array(width * height);
  for (let i = 0, p = 0; i < gray.length; i += 1, p += 3) {
    gray[i] = ((data[p] ?? 0) * 19_595 + (data[p + 1] ?? 0) * 38_470 + (data[p + 2] ?? 0) * 7_471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: gray };
}
