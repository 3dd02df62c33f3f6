import type { Model } from '../../../src-main/onnx/graph/model';
import type { Placement } from '../../../src-main/quantization/placement/placement';

/**
 * One line per layer: name, op, precision, reason code, and the tensors that it reads through Q/DQ (`*`: with a shared
 * scale).
 */
export function layoutText(model: Model, placement: Placement): string {
  const read = new Map<string, string[]>();
  const shared = new Set(placement.groups.flatMap((group) => group.tensors));
  const push = (layer: string, text: string): void => void read.set(layer, [...(read.get(layer) ?? []), text]);
  for (const { tensor, uses } of placement.tensors)
    for (const use of uses) push(use.layer, `${tensor}${shared.has(tensor) ? '*' : ''}`);
  for (const weight of placement.weights) push(weight.layer, `${weight.initializer} by axis ${weight.axis}`);
  for (const bias of placement.biases) push(bias.layer, `${bias.initializer} int32`);
  const lines = placement.decisions
    .filter((decision) => decision.tensor === undefined)
    .map(({ layer, op, precision, code }) => {
      const inputs = read.get(layer);
      return `${layer} | ${op} | ${precision} | ${code}${inputs ? ` | ${inputs.join(', ')}` : ''}`;
    });
  if (lines.length !== model.graph.node.length) throw new Error('Expected one main decision per layer');
  return `${lines.join('\n')}\n`;
}
