import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import { ownValue } from '../../../src-shared/base/records';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Target } from '../../../src-shared/domain/project/precision';
import { scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import {
  asymmetricParameters,
  E4M3_MAX,
  fp16Scale,
  scaleOfMaximum,
  SYMMETRIC_UINT8_ZERO,
} from '../rules/number-formats';
import type { Placement } from '../placement/placement';

export type ActivationType = 'int8' | 'uint8';

/** Scale and zero point of one quantized activation. */
export interface ActivationParameters {
  /** Element type in the file. */
  readonly storage: 'int8' | 'uint8' | 'fp8';
  readonly scale: number;
  readonly zeroPoint: number;
  /** The threshold that determines the scale, real units. */
  readonly thresholdReal: number;
}

export interface ScaleInputs {
  /** Tensor -> threshold, real units. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Tensor -> smallest and largest value in the calibration; determines UINT8 ranges. */
  readonly ranges: TensorRanges;
  /** int8: symmetric; uint8: asymmetric; fp8: E4M3. */
  readonly activationType: ActivationType | 'fp8';
  readonly target: Target;
  /** Tensors whose scale is rounded to the nearest FP16 value; none if absent. */
  readonly fp16Tensors?: ReadonlySet<string>;
}

/**
 * Scale and zero point of every quantized tensor. Tensors of a scale group have the largest threshold (UINT8: the union
 * of the ranges) of the sources of the group. int8: scale = T/127, zero point 0. fp8: scale =
 * T/448. uint8: range [max(-T, min), min(T,
 * max)], extended to include 0. For ONNX Runtime, symmetric values are stored as UINT8 with zero point 128: the values
 * are the same, but its x64 kernels support signed integers only for tensors with a single reader (ONNX Runtime 1.30:
 * 11 of 21 Conv layers of a residual network would stay in float).
 * @throws WorkbenchError 'calibration-missing' for a tensor without a threshold, 'activations-nan' for a threshold of
 *   NaN.
 */
export function activationScales(
  placement: Pick<Placement, 'groups' | 'tensors'>,
  inputs: ScaleInputs,
): ReadonlyMap<string, ActivationParameters> {
  const sources = new Map(
    placement.groups.flatMap((group) => group.tensors.map((tensor) => [tensor, group.sources] as const)),
  );
  return new Map(
    placement.tensors.map(({ tensor }) => {
      const parameters = parametersOf(sources.get(tensor) ?? [tensor], inputs);
      return [
        tensor,
        inputs.fp16Tensors?.has(tensor) ? { ...parameters, scale: fp16Scale(parameters.scale) } : parameters,
      ];
    }),
  );
}

function parametersOf(sources: readonly string[], inputs: ScaleInputs): ActivationParameters {
  const thresholdReal = Math.max(...sources.map((source) => thresholdOf(source, inputs.thresholds)));
  if (inputs.activationType === 'fp8')
    return { storage: 'fp8', scale: scaleOfMaximum(thresholdReal, E4M3_MAX), zeroPoint: 0, thresholdReal };
  if (inputs.activationType === 'int8') {
    const scale = scaleOfThreshold(thresholdReal);
    if (inputs.target === 'onnxruntime')
      return { storage: 'uint8', scale, zeroPoint: SYMMETRIC_UINT8_ZERO, thresholdReal };
    return { storage: 'int8', scale, zeroPoint: 0, thresholdReal };
  }
  let low = 0;
  let high = 0;
  for (const source of sources) {
    const threshold = thresholdOf(source, inputs.thresholds);
    const [min, max] = ownValue(inputs.ranges, source) ?? [-threshold, threshold];
    low = Math.min(low, Math.max(-threshold, min));
    high = Math.max(high, Math.min(threshold, max));
  }
  return { storage: 'uint8', ...asymmetricParameters(low, high), thresholdReal };
}

function thresholdOf(tensor: string, thresholds: Readonly<Record<string, number>>): number {
  const threshold = ownValue(thresholds, tensor);
  if (threshold === undefined) {
    throw new WorkbenchError('calibration-missing', `Expected a threshold for tensor "${tensor}", found none`, {
      hint:
        'Choose another method for it: the one in use does not name it. A calibration of another model or ' +
        'version has to be made again.',
    });
  }
  if (!Number.isFinite(threshold) || threshold < 0) {
    throw new WorkbenchError(
      'activations-nan',
      `Expected a threshold of 0 or more for tensor "${tensor}", found ${threshold}`,
    );
  }
  return threshold;
}
