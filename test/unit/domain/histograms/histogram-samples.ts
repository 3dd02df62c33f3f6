import { createRandom } from '../../../../src-shared/domain/random';
import { BIN_COUNT, exponentFor, type HistogramContent } from '../../../../src-shared/domain/histograms/histogram';

/**
 * A histogram by the definition, one value at a time and independent of the native addon: the range is known from the
 * start, so nothing ever grows or merges.
 */
export function slowHistogram(values: ArrayLike<number>): HistogramContent {
  const all = Array.from(values);
  const finite = all.filter(Number.isFinite);
  const exponent = exponentFor(finite.reduce((amax, x) => Math.max(amax, Math.abs(x)), 0));
  const positive = new Float64Array(BIN_COUNT);
  const negative = new Float64Array(BIN_COUNT);
  for (const x of finite) {
    if (x === 0) continue;
    const side = x > 0 ? positive : negative;
    const bin = Math.min(BIN_COUNT - 1, Math.floor((Math.abs(x) * BIN_COUNT) / 2 ** exponent));
    side[bin] = (side[bin] ?? 0) + 1;
  }
  return {
    exponent,
    positive,
    negative,
    zeroCount: finite.filter((x) => x === 0).length,
    nanCount: all.filter(Number.isNaN).length,
    infinityCount: all.filter((x) => x === Infinity || x === -Infinity).length,
    elementCount: all.length,
    min: finite.reduce((low, x) => Math.min(low, x), finite.length === 0 ? 0 : Infinity) + 0,
    max: finite.reduce((high, x) => Math.max(high, x), finite.length === 0 ? 0 : -Infinity) + 0,
  };
}

type Draw = () => number;

/** Shapes of activations that occur: what layers, clips, outliers and quantized inputs leave behind. */
const SHAPES: Readonly<Record<string, (unit: Draw, normal: Draw) => number>> = {
  normal: (_, normal) => normal(),
  relu: (_, normal) => Math.max(0, normal()),
  relu6: (_, normal) => Math.min(6, Math.max(0, 3 * normal())),
  laplace: (unit, normal) => Math.log(unit() + 1e-9) * Math.sign(normal()),
  heavyTail: (unit, normal) => normal() / (unit() + 1e-3),
  outlierChannel: (unit, normal) => Math.max(0, normal()) * (unit() < 0.02 ? 200 : 1),
  sigmoid: (_, normal) => 1 / (1 + Math.exp(-3 * normal())),
  softmaxLike: (unit) => unit() ** 12,
  bimodal: (unit, normal) => (unit() < 0.7 ? 0.1 * normal() : 5 + 0.3 * normal()),
  pixels: (unit) => Math.floor(unit() * 256) / 255,
  fewLevels: (unit) => Math.floor(unit() * 5),
  tiny: (_, normal) => normal() * 1e-9,
  huge: (_, normal) => normal() * 1e37,
  mostlyZero: (unit, normal) => (unit() < 0.999 ? 0 : Math.abs(normal())),
};
export const SHAPE_NAMES: readonly string[] = Object.keys(SHAPES);

/** `count` float32 values of a named shape; the same for the same seed. */
export function sampleValues(shape: string, count: number, seed: number): Float32Array {
  const random = createRandom(seed);
  const unit = (): number => random.nextUnit();
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
  const draw = SHAPES[shape];
  if (draw === undefined) throw new Error(`No shape ${shape}`);
  return Float32Array.from({ length: count }, () => draw(unit, normal));
}
