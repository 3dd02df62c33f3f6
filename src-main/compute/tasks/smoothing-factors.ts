import { loadPrepared } from '../../onnx/passes/prepared-store';
import { smoothingGroups } from '../../quantization/rules/smoothing-groups';
import { channelMagnitudes, smoothingExponents } from '../../quantization/smoothing/smoothing-factors';
import type { SmoothingComputed, SmoothingParams } from '../pool/protocol';

/** The factors for each alpha, which the weights and the largest activations per channel determine. */
export function smoothingFactors({ preparedDir, maxima, alphas }: SmoothingParams): Promise<SmoothingComputed> {
  const model = loadPrepared(preparedDir);
  const magnitudes = channelMagnitudes(model, maxima);
  const causes = new Map<string, number>();
  for (const { cause } of smoothingGroups(model).refusals.values()) causes.set(cause, (causes.get(cause) ?? 0) + 1);
  return Promise.resolve({
    exponents:
      magnitudes.length === 0
        ? []
        : alphas.map((alpha) =>
            Object.fromEntries(
              [...smoothingExponents(magnitudes, alpha)].map(([tensor, own]) => [tensor, Array.from(own)]),
            ),
          ),
    refusals: [...causes]
      .map(([reason, layers]) => ({ reason, layers }))
      .sort((a, b) => b.layers - a.layers || (a.reason < b.reason ? -1 : 1)),
  });
}
