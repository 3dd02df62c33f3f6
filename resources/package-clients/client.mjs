#!/usr/bin/env node
// Repeats the recorded answers of this package, and shows how an image becomes the input of the model.
//
//   npm install onnxruntime-node sharp
//   node client.mjs [TOLERANCE]
//
// Every image is decoded and preprocessed as manifest.json says, the model runs, and its outputs are compared with the
// recorded ones. The exit code is 1 if one differs by more than the tolerance (default: 0.01), a share of the largest
// recorded |x|.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import sharp from 'sharp';

const root = dirname(fileURLToPath(import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8'));
const tolerance = Number(process.argv[2] ?? 0.01);

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** The recorded values of one input or output. */
function recorded({ file, dtype }) {
  const { buffer, byteOffset, byteLength } = new Uint8Array(readFileSync(join(root, file)));
  return new ARRAYS[dtype](buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Pixels as bytes, row by row, with 1 or 3 interleaved channels. */
async function decode(path, { orientation, order }) {
  const image = sharp(path);
  if (orientation === 'apply') image.rotate();
  const { data, info } = await image.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (order !== 'gray' || channels === 1) return { width, height, channels, data };
  // Luma of ITU-R BT.601 as Pillow computes it.
  const gray = new Uint8Array(width * height);
  for (let i = 0; i < gray.length; i += 1)
    gray[i] = (data[3 * i] * 19595 + data[3 * i + 1] * 38470 + data[3 * i + 2] * 7471 + 0x8000) >> 16;
  return { width, height, channels: 1, data: gray };
}

/** The weights of the source pixels for each pixel of the result: a triangle filter, as Pillow's BILINEAR. */
function weightsOf(from, to) {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const last = Math.min(from, Math.trunc(center + support + 0.5));
    const weights = Array.from({ length: last - first }, (_w, k) =>
      Math.max(0, 1 - Math.abs((k + first - center + 0.5) / support)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => Math.trunc(0.5 + (weight / sum) * 2 ** 22)) };
  });
}

/** Resizes one direction; `step` is the distance of neighbours in it. */
function resizeLines({ data, lines, lineStep, step, weights, out, outLineStep, outStep }) {
  for (let line = 0; line < lines; line += 1) {
    for (const [i, { first, weights: own }] of weights.entries()) {
      let sum = 2 ** 21;
      for (let k = 0; k < own.length; k += 1) sum += data[lineStep(line) + (first + k) * step] * own[k];
      out[outLineStep(line) + i * outStep] = Math.min(255, Math.floor(sum / 2 ** 22));
    }
  }
}

function resize(image, width, height) {
  let current = image;
  if (width !== current.width) {
    const { channels, width: from, height: rows, data } = current;
    const out = new Uint8Array(width * rows * channels);
    const place = (side) => (line) => Math.floor(line / channels) * side * channels + (line % channels);
    resizeLines({
      data,
      lines: rows * channels,
      lineStep: place(from),
      step: channels,
      weights: weightsOf(from, width),
      out,
      outLineStep: place(width),
      outStep: channels,
    });
    current = { width, height: rows, channels, data: out };
  }
  if (height !== current.height) {
    const { channels, height: from, data } = current;
    const row = width * channels;
    const out = new Uint8Array(row * height);
    const place = (line) => line;
    resizeLines({
      data,
      lines: row,
      lineStep: place,
      step: row,
      weights: weightsOf(from, height),
      out,
      outLineStep: place,
      outStep: row,
    });
    current = { width, height, channels, data: out };
  }
  return current;
}

/** A part of an image, or an image with a margin, whose pixels are `pad`. */
function place(image, { width, height, left, top, pad = 0 }) {
  const { channels } = image;
  const data = new Uint8Array(width * height * channels).fill(pad);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const [fromX, fromY] = [x - left, y - top];
      if (fromX < 0 || fromY < 0 || fromX >= image.width || fromY >= image.height) continue;
      for (let c = 0; c < channels; c += 1)
        data[(y * width + x) * channels + c] = image.data[(fromY * image.width + fromX) * channels + c];
    }
  return { width, height, channels, data };
}

/** As Python's round(): half a pixel to the even number. */
function roundHalfToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** The image after the resize, as `resize` in the preprocessing says. */
function fit(image, rule) {
  const { width, height } = image;
  if (rule.kind === 'stretch') return resize(image, rule.width, rule.height);
  if (rule.kind === 'short') {
    const side = (length) => Math.max(1, Math.floor((length * rule.shortSide) / Math.min(width, height)));
    return resize(image, side(width), side(height));
  }
  if (rule.kind === 'long') {
    const side = (length) => Math.max(1, Math.round((length * rule.longSide) / Math.max(width, height)));
    const up = (length) => Math.ceil(length / rule.multiple) * rule.multiple;
    const inner = resize(image, side(width), side(height));
    return place(inner, { width: up(inner.width), height: up(inner.height), left: 0, top: 0, pad: rule.pad });
  }
  if (rule.kind === 'letterbox' && (width !== rule.width || height !== rule.height)) {
    const isCentred = rule.align === 'center';
    const ratio = Math.min(rule.width / width, rule.height / height);
    const rounded = (side) => (isCentred ? roundHalfToEven(side) : Math.floor(side + 1e-9));
    const side = (length, limit) => Math.min(limit, Math.max(1, rounded(length * ratio)));
    const inner = resize(image, side(width, rule.width), side(height, rule.height));
    const half = (margin) => (isCentred ? Math.floor(margin / 2) : 0);
    const [left, top] = [half(rule.width - inner.width), half(rule.height - inner.height)];
    return place(inner, { width: rule.width, height: rule.height, left, top, pad: rule.pad });
  }
  return image;
}

/** x = (pixel * scale - mean) / std of one image, in the layout of the model, without a batch axis. */
async function preprocess(path, how) {
  let image = fit(await decode(path, how), how.resize);
  if (how.crop !== null) {
    const half = (margin) => (how.cropRounding === 'half-even' ? roundHalfToEven(margin / 2) : Math.floor(margin / 2));
    const { width, height } = how.crop;
    image = place(image, { width, height, left: -half(image.width - width), top: -half(image.height - height) });
  }
  const { width, height, data } = image;
  const channels = how.order === 'gray' ? 1 : 3;
  const values = new Float32Array(width * height * channels);
  for (let i = 0; i < width * height; i += 1)
    for (let c = 0; c < channels; c += 1) {
      const source = image.channels === 1 ? 0 : how.order === 'bgr' ? 2 - c : c;
      const mean = how.mean[how.mean.length === 1 ? 0 : c];
      const std = how.std[how.std.length === 1 ? 0 : c];
      const to = how.layout === 'nchw' ? c * width * height + i : i * channels + c;
      values[to] = (data[i * image.channels + source] * how.scale - mean) / std;
    }
  return values;
}

const session = await ort.InferenceSession.create(join(root, manifest.model), {
  intraOpNumThreads: 1,
  extra:
    manifest.disabledOptimizers.length === 0
      ? {}
      : { optimization: { disable_specified_optimizers: manifest.disabledOptimizers.join(';') } },
});
let differs = false;
for (const sample of manifest.samples) {
  const feeds = {};
  for (const input of sample.inputs) {
    if (!session.inputNames.includes(input.name)) continue;
    let data = recorded(input);
    if (sample.image !== null && input.name === manifest.image?.input) {
      const image = await preprocess(join(root, sample.image), manifest.image.preprocessing);
      // A batch that the model fixes is filled with copies.
      data = Object.getPrototypeOf(data).constructor.from(data, (_, i) => image[i % image.length]);
    }
    feeds[input.name] = new ort.Tensor(input.dtype, data, input.dims);
  }
  const answers = await session.run(feeds);
  for (const output of sample.outputs) {
    const wanted = recorded(output);
    const found = answers[output.name].data;
    let [distance, largest] = [wanted.length === found.length ? 0 : Infinity, 0];
    for (let i = 0; i < wanted.length; i += 1) {
      distance = Math.max(distance, Math.abs(Number(wanted[i]) - Number(found[i])));
      largest = Math.max(largest, Math.abs(Number(wanted[i])));
    }
    const isSame = distance <= tolerance * largest;
    differs ||= !isSame;
    const word = isSame ? 'same' : 'DIFFERS';
    console.log(
      `${sample.id}: ${output.name} differs by ${distance.toPrecision(3)} of ${largest.toPrecision(3)}: ${word}`,
    );
  }
}
process.exitCode = differs ? 1 : 0;
