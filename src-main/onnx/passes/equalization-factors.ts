import { tensorAsFloat32 } from '../tensor-values';
import type { EqualizationPair } from './equalization-pairs';
import { inChannels, type LayerWeights } from './layer-weights';

/** Sweeps end when no factor moves by more than this (in powers of two), which is far below the rounding to whole powers. */
const SETTLED_LOG2 = 0.01;
const MOST_SWEEPS = 100;
/** Factors stay within 2^-24 .. 2^24: what is farther apart is a dead channel, and its weights would leave the normal floats. */
const MOST_LOG2 = 24;

/**
 * Power of two per pair and channel: the output channel of the first layer is divided by 2^e, its readers' input channel
 * multiplied.
 *
 * Cross-layer equalization (Nagel et al. 2019, arXiv 1906.04721, section 4.1): s_i = sqrt(r1_i * r2_i) / r2_i with the largest
 * |w| of output channel i of the first layer (r1) and of input channel i of its readers (r2), so that both become
 * sqrt(r1_i * r2_i); over all pairs in turn until nothing moves, since a layer is the reader of one pair and the first of the
 * next. A channel without weights on one side keeps 1.
 */
export function equalizationExponents(pairs: readonly EqualizationPair[]): Int8Array[] {
  const ranges = new Map<LayerWeights['node'], WeightRanges>();
  const rangesOf = (weights: LayerWeights): WeightRanges => {
    const known = ranges.get(weights.node);
    if (known) return known;
    const made = new WeightRanges(weights);
    ranges.set(weights.node, made);
    return made;
  };
  const sums = pairs.map(({ first }) => new Float64Array(first.outputs));
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let moved = 0;
    for (const [at, { first, readers }] of pairs.entries()) {
      const own = rangesOf(first).perOutput();
      const read = readers.map((reader) => rangesOf(reader).perChannel(first.outputs));
      const steps = own.map((range, channel) => {
        const behind = Math.max(...read.map((each) => each[channel] ?? 0));
        return range > 0 && behind > 0 ? Math.log2(range / behind) / 2 : 0;
      });
      rangesOf(first).divideOutputs(steps);
      for (const reader of readers) rangesOf(reader).multiplyChannels(steps);
      const sum = sums[at];
      for (const [channel, step] of steps.entries()) {
        if (sum) sum[channel] = (sum[channel] ?? 0) + step;
        moved = Math.max(moved, Math.abs(step));
      }
    }
    if (moved < SETTLED_LOG2) break;
  }
  return sums.map(wholePowers);
}

/** Largest |w| of every output channel of the first layer, and of every input channel over all readers. */
export function channelRanges({ first, readers }: EqualizationPair): { readonly own: Float64Array; readonly behind: Float64Array } {
  const read = readers.map((reader) => new WeightRanges(reader).perChannel(first.outputs));
  const own = new WeightRanges(first).perOutput();
  return { own, behind: own.map((_, channel) => Math.max(...read.map((each) => each[channel] ?? 0))) };
}

/** Rounded to whole powers of two, so that the middle channel keeps its values: a factor that all channels share changes nothing. */
function wholePowers(log2: Float64Array): Int8Array {
  const sorted = log2.slice().sort();
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return Int8Array.from(log2, (value) => Math.max(-MOST_LOG2, Math.min(MOST_LOG2, Math.round(value - middle))));
}

/** Largest |w| per output and input of a layer, under factors that change from sweep to sweep. */
class WeightRanges {
  private readonly amax: Float32Array;
  private readonly outputFactor: Float64Array;
  private readonly inputFactor: Float64Array;

  constructor(private readonly weights: LayerWeights) {
    const { outputs, inputs, groups, kernel, outputStride, inputStride } = weights;
    const values = tensorAsFloat32(weights.tensor);
    this.amax = new Float32Array(outputs * inputs);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        const start = o * outputStride + i * inputStride;
        let amax = 0;
        for (let k = start; k < start + kernel; k++) amax = Math.max(amax, Math.abs(values[k] ?? 0));
        this.amax[o * inputs + i] = amax;
      }
    }
    this.outputFactor = new Float64Array(outputs).fill(1);
    this.inputFactor = new Float64Array(inputs * groups).fill(1);
  }

  perOutput(): Float64Array {
    const ranges = new Float64Array(this.weights.outputs);
    this.visit((output, input, range) => {
      ranges[output] = Math.max(ranges[output] ?? 0, range * (this.inputFactor[input] ?? 1) * (this.outputFactor[output] ?? 1));
    });
    return ranges;
  }

  perChannel(channels: number): Float64Array {
    const ranges = new Float64Array(channels);
    const perChannel = this.inputFactor.length / channels;
    this.visit((output, input, range) => {
      const channel = Math.floor(input / perChannel);
      ranges[channel] = Math.max(ranges[channel] ?? 0, range * (this.inputFactor[input] ?? 1) * (this.outputFactor[output] ?? 1));
    });
    return ranges;
  }

  divideOutputs(log2: Float64Array): void {
    for (const [output, step] of log2.entries()) this.outputFactor[output] = (this.outputFactor[output] ?? 1) * 2 ** -step;
  }

  multiplyChannels(log2: Float64Array): void {
    const perChannel = this.inputFactor.length / log2.length;
    for (let input = 0; input < this.inputFactor.length; input++) {
      this.inputFactor[input] = (this.inputFactor[input] ?? 1) * 2 ** (log2[Math.floor(input / perChannel)] ?? 0);
    }
  }

  /** @param each receives the output, the input among those of all groups, and the largest |w| between them. */
  private visit(each: (output: number, input: number, range: number) => void): void {
    const { outputs, inputs, groups } = this.weights;
    const inputOf = inChannels(this.weights, inputs * groups);
    for (let output = 0; output < outputs; output++) {
      for (let i = 0; i < inputs; i++) each(output, inputOf?.(output, i) ?? i, this.amax[output * inputs + i] ?? 0);
    }
  }
}
