import { attrInt, withAttributes } from '../graph/attributes';
import { intAttr, makeNode } from '../graph/make';
import type { Node } from '../graph/model';
import type { StaticShape } from '../graph/shapes';
import type { UpgradeScope } from './upgrade-scope';

/**
 * Softmax, LogSoftmax and Hardmax: before opset 13 everything from `axis` (default 1) on counts as one axis, since then
 * `axis` (default -1) is one axis. Where only one axis from there on can be longer than 1 both agree; else the tensor
 * is flattened, normalised and given its shape back, which is how ONNX defines the old form.
 */
export function upgradeSoftmax(node: Node, scope: UpgradeScope): readonly Node[] {
  const input = node.input[0] ?? '';
  const axis = attrInt(node, 'axis', 1);
  const single = singleAxis(axis, scope.shapes.get(input));
  const withAxis = (value: number): Node => ({
    ...node,
    attribute: withAttributes(node, ['axis'], [intAttr('axis', value)]),
  });
  if (single !== null) return [withAxis(single)];
  const output = node.output[0] ?? '';
  const shape = scope.names.next(`${output}_shape`);
  const flat = scope.names.next(`${output}_flat`);
  const normalised = scope.names.next(`${output}_normalised`);
  return [
    makeNode('Shape', [input], [shape]),
    makeNode('Flatten', [input], [flat], { attributes: [intAttr('axis', axis)] }),
    { ...withAxis(-1), input: [flat], output: [normalised] },
    makeNode('Reshape', [normalised, shape], [output]),
  ];
}

/** The one axis that the old coercion comes down to, or null. */
function singleAxis(axis: number, shape: StaticShape | undefined): number | null {
  if (axis === -1) return -1;
  if (shape === undefined) return null;
  const first = axis < 0 ? axis + shape.length : axis;
  if (first === shape.length - 1) return -1;
  const long = shape.flatMap((dim, at) => (at >= first && dim !== 1 ? [at] : []));
  return long.length <= 1 ? (long[0] ?? first) : null;
}
