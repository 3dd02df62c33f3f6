import { tensorAsFloat32 } from '../graph/tensor-values';
import { wholePowers } from './channel-scaling';
import type { EqualizationPair } from './equalization-pairs';
import type { LayerWeights } from './layer-weights';

/**
 * Sweeps end when no factor moves by more than this (in powers of two), which is far below the rounding to whole
 * powers.
 */
const SETTLED_LOG2 = 0.01;
const MOST_SWEEPS = 100;
/**
 * Power of two per pair and channel: the output channel of the first layer is divided by 2^e, its readers' input
 * channel multiplied.
 *
 * Cross-layer equalization (Nagel et al. 2019, arXiv 1906.04721, section 4.1): s_i = sqrt(r1_i * r2_i) / r2_i with the
 * largest |w| of output channel i of the first layer (r1) and of input channel i of its readers (r2), so that both
 * become sqrt(r1_i * r2_i); over all pairs in turn until nothing moves, since a layer is the reader of one pair and the
 * first of the next. A channel without weights on one side keeps 1.
 */
export function equalizationExponents(pairs: readonly EqualizationPair[]): Int8Array[] {
  const ranges = new Map<LayerWeights['node'], WeightRanges>();
  const read = new Map(
    pairs.flatMap(({ first, readers }) => readers.map(({ node }) => [node, first.outputs] as const)),
  );
  const rangesOf = (weights: LayerWeights): WeightRanges => {
    const known = ranges.get(weights.node);
    if (known) return known;
    const made = new WeightRanges(weights, read.get(weights.node) ?? null);
    ranges.set(weights.node, made);
    return made;
  };
  const sums = pairs.map(({ first }) => new Float64Array(first.outputs));
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let moved = 0;
    for (const [at, { first, readers }] of pairs.entries()) {
      const own = rangesOf(first).perOutput();
      const behindEach = readers.map((reader) => rangesOf(reader).perChannel());
      const steps = own.map((range, channel) => {
        const behind = Math.max(...behindEach.map((each) => each[channel] ?? 0));
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
export function channelRanges({ first, readers }: EqualizationPair): {
  readonly own: Float64Array;
  readonly behind: Float64Array;
} {
  const read = readers.map((reader) => new WeightRanges(reader, first.outputs).perChannel());
  const own = new WeightRanges(first, null).perOutput();
  return { own, behind: own.map((_, channel) => Math.max(...read.map((each) => each[channel] ?? 0))) };
}

/**
 * Largest |w| per output and channel of a layer, under factors that change from sweep to sweep. The inputs of one
 * channel share their factor, so that only the largest weight of each counts; of a layer whose inputs keep theirs, of
 * all.
 */
class WeightRanges {
  /** Of output o and the j-th channel that it reads, at o * reads + j. */
  private readonly amax: Float32Array;
  /** Channels that each output reads. */
  private readonly reads: number;
  private readonly outputFactor: Float64Array;
  private readonly channelFactor: Float64Array;

  /** @param channels that the layer's inputs belong to; null: its inputs are scaled by nobody. */
  constructor(
    private readonly weights: LayerWeights,
    channels: number | null,
  ) {
    const { outputs, inputs, groups, kernel, outputStride, inputStride } = weights;
    this.reads = channels === null ? 1 : channels / groups;
    const perChannel = inputs / this.reads;
    const values = tensorAsFloat32(weights.tensor);
    this.amax = new Float32Array(outputs * this.reads);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        const start = o * outputStride + i * inputStride;
        const at = o * this.reads + Math.floor(i / perChannel);
        let amax = this.amax[at] ?? 0;
        for (let k = start; k < start + kernel; k++) amax = Math.max(amax, Math.abs(values[k] ?? 0));
        this.amax[at] = amax;
      }
    }
    this.outputFactor = new Float64Array(outputs).fill(1);
    this.channelFactor = new Float64Array(this.reads * groups).fill(1);
  }

  perOutput(): Float64Array {
    return this.outputFactor.map((factor, output) => {
      const first = this.firstChannel(output);
      let largest = 0;
      for (let j = 0; j < this.reads; j++)
        largest = Math.max(largest, (this.amax[output * this.reads + j] ?? 0) * (this.channelFactor[first + j] ?? 1));
      return largest * factor;
    });
  }

  perChannel(): Float64Array {
    const ranges = new Float64Array(this.channelFactor.length);
    for (const [output, factor] of this.outputFactor.entries()) {
      const first = this.firstChannel(output);
      for (let j = 0; j < this.reads; j++) {
        const range = (this.amax[output * this.reads + j] ?? 0) * (this.channelFactor[first + j] ?? 1) * factor;
        if (range > (ranges[first + j] ?? 0)) ranges[first + j] = range;
      }
    }
    return ranges;
  }

  divideOutputs(log2: Float64Array): void {
    for (const [output, step] of log2.entries())
      this.outputFactor[output] = (this.outputFactor[output] ?? 1) * 2 ** -step;
  }

  multiplyChannels(log2: Float64Array): void {
    for (const [channel, step] of log2.entries())
      this.channelFactor[channel] = (this.channelFactor[channel] ?? 1) * 2 ** step;
  }

  /** The outputs of a group read its channels, one after the other. */
  private firstChannel(output: number): number {
    const { outputs, groups } = this.weights;
    return Math.floor(output / (outputs / groups)) * this.reads;
  }
}
