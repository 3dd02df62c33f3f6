import type { TaskContext } from '../../../src-shared/contract/progress';
import { loadPrepared } from '../../onnx/passes/prepared-store';
import { channelTensors, smoothingGroups } from '../../quantization/rules/smoothing-groups';
import { channelMagnitudes, smoothingExponents } from '../../quantization/smoothing/smoothing-factors';
import type { SmoothingComputed, SmoothingParams } from '../pool/protocol';
import { withTrials } from '../trials/trial-pool';

/** Without groups, no image is read. */
export async function smoothingFactors(
  { trials: params, alphas }: SmoothingParams,
  context: TaskContext,
): Promise<SmoothingComputed> {
  const model = loadPrepared(params.preparedDir);
  const { groups, refusals } = smoothingGroups(model);
  const causes = new Map<string, number>();
  for (const { cause } of refusals.values()) causes.set(cause, (causes.get(cause) ?? 0) + 1);
  const counted = [...causes]
    .map(([reason, layers]) => ({ reason, layers }))
    .sort((a, b) => b.layers - a.layers || (a.reason < b.reason ? -1 : 1));
  if (groups.length === 0) return { exponents: [], refusals: counted, skipped: [], passes: 0 };
  return withTrials(params, context, async (trials) => {
    const all = trials.part(0, params.entries.length);
    trials.expect('measuring channels', all.length);
    const magnitudes = channelMagnitudes(model, await trials.maxima(channelTensors(model), all));
    return {
      exponents: alphas.map((alpha) =>
        Object.fromEntries(
          [...smoothingExponents(magnitudes, alpha)].map(([tensor, own]) => [tensor, Array.from(own)]),
        ),
      ),
      refusals: counted,
      skipped: trials.skipped,
      passes: trials.passes,
    };
  });
}
