import type { Pixels } from '../images/pixels';

/** Bits of the fixed-point weights; 255 * 2^22 fits into 32 bits. */
const WEIGHT_BITS = 22;

/** The weights of every output sample along one axis. */
interface AxisWeights {
  /** First input sample of each output sample. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `taps` weights per output sample; their sum is 2^22 up to rounding. */
  readonly weights: Int32Array;
  readonly taps: number;
}

/**
 * Resizes with a triangle filter that is widened for downscaling (bilinear with antialiasing). The result is
 * bit-identical to torchvision's default and to Pillow's BILINEAR: rows are resized first and rounded to bytes, then
 * columns. It is implemented here so that the pixels, and therefore all thresholds, do not depend on the version of an
 * image library.
 */
export function resizePixels(source: Pixels, width: number, height: number): Pixels {
  const across = width === source.width ? source : resizeRows(source, axisWeights(source.width, width), width);
  return height === source.height ? across : resizeColumns(across, axisWeights(source.height, height), height);
}

function axisWeights(inputSize: number, outputSize: number): AxisWeights {
  const scale = inputSize / outputSize;
  const filterScale = Math.max(scale, 1);
  const taps = Math.ceil(filterScale) * 2 + 1;
  const first = new Int32Array(outputSize);
  const count = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * taps);
  const row = new Float64Array(taps);
  for (let out = 0; out < outputSize; out += 1) {
    const center = (out + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - filterScale + 0.5));
    const used = Math.min(inputSize, Math.trunc(center + filterScale + 0.5)) - from;
    let sum = 0;
    for (let i = 0; i < used; i += 1) {
      const weight = Math.max(0, 1 - Math.abs((i + from - center + 0.5) / filterScale));
      row[i] = weight;
      sum += weight;
    }
    first[out] = from;
    count[out] = used;
    for (let i = 0; i < used; i += 1)
      weights[out * taps + i] = Math.trunc(0.5 + ((row[i] ?? 0) / sum) * (1 << WEIGHT_BITS));
  }
  return { first, count, weights, taps };
}

function toByte(sum: number): number {
  const value = sum >> WEIGHT_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resizeRows(source: Pixels, axis: AxisWeights, width: number): Pixels {
  const { height, channels, data } = source;
  const out = new Uint8Array(width * height * channels);
  for (let x = 0; x < width; x += 1) {
    const start = (axis.first[x] ?? 0) * channels;
    const used = axis.count[x] ?? 0;
    const weightAt = x * axis.taps;
    for (let y = 0; y < height; y += 1) {
      for (let c = 0; c < channels; c += 1) {
        let sum = 1 << (WEIGHT_BITS - 1);
        let at = y * source.width * channels + start + c;
        for (let i = 0; i < used; i += 1, at += channels) sum += (data[at] ?? 0) * (axis.weights[weightAt + i] ?? 0);
        out[(y * width + x) * channels + c] = toByte(sum);
      }
    }
  }
  return { width, height, channels, data: out };
}

function resizeColumns(source: Pixels, axis: AxisWeights, height: number): Pixels {
  const { width, channels, data } = source;
  const stride = width * channels;
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    const start = (axis.first[y] ?? 0) * stride;
    const used = axis.count[y] ?? 0;
    const weightAt = y * axis.taps;
    for (let x = 0; x < stride; x += 1) {
      let sum = 1 << (WEIGHT_BITS - 1);
      let at = start + x;
      for (let i = 0; i < used; i += 1, at += stride) sum += (data[at] ?? 0) * (axis.weights[weightAt + i] ?? 0);
      out[y * stride + x] = toByte(sum);
    }
  }
  return { width, height, channels, data: out };
}
