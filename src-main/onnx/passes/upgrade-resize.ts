import { attrString, attrValue, withAttributes } from '../graph/attributes';
import { elementCount } from '../graph/element-types';
import { floatTensor, stringAttr } from '../graph/make';
import type { Attribute, Node } from '../graph/model';
import { tensorAsFloat32 } from '../graph/tensor-values';
import type { UpgradeScope } from './upgrade-scope';

/** Upsample (opset 7: scales as attribute, 9: as input) becomes Resize. */
export function upgradeUpsample(node: Node, scope: UpgradeScope): readonly Node[] {
  const attribute = attrValue(node, 'scales', 'floats')?.value;
  const scales =
    attribute === undefined
      ? (node.input[1] ?? '')
      : scope.addTensor(`${node.output[0] ?? 'upsample'}_scales`, (name) =>
          floatTensor(name, [attribute.length], attribute),
        );
  return [fromSimple(node, scales, attribute ?? constantScales(scales, scope), scope)];
}

/** Resize of opset 10 knows neither roi nor ways to map coordinates; that of 11 and 12 must name roi and scales. */
export function upgradeResize(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset < 11) {
    const scales = node.input[1] ?? '';
    return [fromSimple(node, scales, constantScales(scales, scope), scope)];
  }
  const mode = attrString(node, 'coordinate_transformation_mode', 'half_pixel');
  if (mode === 'tf_half_pixel_for_nn')
    throw scope.unsupported(node, 'coordinate_transformation_mode tf_half_pixel_for_nn no longer exists');
  const [data = '', roi = '', scales = '', sizes = ''] = node.input;
  const input = [data, mode === 'tf_crop_and_resize' ? roi : '', isEmpty(scales, scope) ? '' : scales];
  return [{ ...node, input: sizes === '' ? input : [...input, sizes] }];
}

function isEmpty(name: string, scope: UpgradeScope): boolean {
  const tensor = scope.constant(name);
  return tensor !== null && elementCount(tensor.dims) === 0;
}

function constantScales(name: string, scope: UpgradeScope): readonly number[] | null {
  const tensor = scope.constant(name);
  return tensor === null ? null : [...tensorAsFloat32(tensor)];
}

/**
 * The form before opset 11: x_original = x / scale ("asymmetric"); "nearest" rounds down where the tensor grows and up
 * where it shrinks (as ONNX Runtime does; the specification is silent).
 */
function fromSimple(node: Node, scales: string, values: readonly number[] | null, scope: UpgradeScope): Node {
  const mode = attrString(node, 'mode', 'nearest');
  const attributes: Attribute[] = [
    stringAttr('coordinate_transformation_mode', 'asymmetric'),
    stringAttr('mode', mode),
  ];
  if (mode === 'nearest') attributes.push(stringAttr('nearest_mode', nearestMode(node, values, scope)));
  else if (mode !== 'linear') throw scope.unsupported(node, `mode "${mode}" is not known`);
  return {
    ...node,
    opType: 'Resize',
    input: [node.input[0] ?? '', '', scales],
    attribute: withAttributes(node, ['scales', 'mode'], attributes),
  };
}

function nearestMode(node: Node, values: readonly number[] | null, scope: UpgradeScope): string {
  if (values === null)
    throw scope.unsupported(node, 'its scales are computed while it runs, so the rounding of "nearest" cannot be told');
  const grows = values.some((scale) => scale > 1);
  const shrinks = values.some((scale) => scale < 1);
  if (grows && shrinks)
    throw scope.unsupported(node, 'it grows one axis and shrinks another, which rounds differently');
  return shrinks ? 'ceil' : 'floor';
}
