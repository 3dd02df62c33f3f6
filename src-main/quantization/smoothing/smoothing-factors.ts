import type { Model } from '../../onnx/graph/model';
import { wholePowers } from '../../onnx/passes/channel-scaling';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import { smoothingGroups, type SmoothingGroup } from '../rules/smoothing-groups';

/**
 * Tensor of a group -> power of two per channel: the channel is divided by 2^e, the weights that read it multiplied.
 */
export type SmoothingExponents = ReadonlyMap<string, Int8Array>;

/**
 * What smoothing knows of a group: per channel, the largest |x| that the layers read, and the largest |w| that reads
 * it.
 */
export interface ChannelMagnitudes {
  readonly tensor: string;
  readonly activations: Float64Array;
  readonly weights: Float64Array;
}

/**
 * @param maxima tensor -> largest |x| per index of the axis that channelTensors names
 * @returns one per group whose activations are all known
 */
export function channelMagnitudes(model: Model, maxima: ReadonlyMap<string, Float32Array>): ChannelMagnitudes[] {
  return smoothingGroups(model).groups.flatMap((group): ChannelMagnitudes[] => {
    const activations = largestActivations(group, maxima);
    return activations === null ? [] : [{ tensor: group.tensor, activations, weights: largestWeights(group) }];
  });
}

/**
 * Factors of smoothing (Xiao et al. 2023, arXiv 2211.10438, equation 4): s_j = max|X_j|^a / max|W_j|^(1-a), over all
 * layers that read channel j; rounded to powers of two. A larger `alpha` leaves less of the range to the activations
 * and more to the weights. A channel without values or weights keeps 1.
 */
export function smoothingExponents(magnitudes: readonly ChannelMagnitudes[], alpha: number): Map<string, Int8Array> {
  return new Map(
    magnitudes.map(({ tensor, activations, weights }) => {
      const log2 = activations.map((largest, channel) => {
        const weight = weights[channel] ?? 0;
        return largest > 0 && weight > 0 && Number.isFinite(largest)
          ? alpha * Math.log2(largest) - (1 - alpha) * Math.log2(weight)
          : Number.NaN;
      });
      const live = log2.filter((value) => !Number.isNaN(value)).sort();
      const middle = live[Math.floor(live.length / 2)] ?? 0;
      return [tensor, wholePowers(log2.map((value) => (Number.isNaN(value) ? middle : value)))];
    }),
  );
}

function largestActivations(
  { channels, readers }: SmoothingGroup,
  maxima: ReadonlyMap<string, Float32Array>,
): Float64Array | null {
  const largest = new Float64Array(channels);
  for (const { tensor, axis } of readers) {
    const own = maxima.get(tensor);
    if (own?.length !== channels * axis.perChannel) return null;
    for (const [i, value] of own.entries()) {
      const channel = Math.floor(i / axis.perChannel);
      largest[channel] = Math.max(largest[channel] ?? 0, value);
    }
  }
  return largest;
}

function largestWeights({ channels, readers }: SmoothingGroup): Float64Array {
  const largest = new Float64Array(channels);
  for (const { weights, channelOf } of readers) {
    const values = tensorAsFloat32(weights.tensor);
    for (let o = 0; o < weights.outputs; o++) {
      for (let i = 0; i < weights.inputs; i++) {
        const channel = channelOf(o, i);
        const start = o * weights.outputStride + i * weights.inputStride;
        let most = largest[channel] ?? 0;
        for (let k = start; k < start + weights.kernel; k++) most = Math.max(most, Math.abs(values[k] ?? 0));
        largest[channel] = most;
      }
    }
  }
  return largest;
}
