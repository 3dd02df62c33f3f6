import { attrInts, attrString, withAttributes } from '../../onnx/graph/attributes';
import type { FreshNames } from '../../onnx/graph/fresh-names';
import { floatTensor, int64Tensor, intAttr, makeNode, tensorAttr } from '../../onnx/graph/make';
import type { Graph, Node, Tensor } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';

/**
 * Rewrites nodes, without changing the function, to forms that ONNX Runtime's integer kernels and optimizers accept:
 *
 * - AveragePool without `dilations` of 1, an attribute that QLinearAveragePool lacks (other dilations stay in float).
 * - Resize without `axes`: beside integer layers, ONNX Runtime moves transpositions through a Resize and then reads the
 *   scale or size of every axis, although the node has only those in `axes`. Where `axes` cannot go, a Reshape to the
 *   same shape in front of the Resize stops the transpositions.
 */
export function inOnnxruntimeForms(graph: Graph, names: FreshNames): Graph {
  const added: Tensor[] = [];
  const node = graph.node.flatMap((each) => {
    if (isOp(each, 'AveragePool')) return [withoutUnitDilations(each)];
    if (isOp(each, 'Resize') && attrInts(each, 'axes', null) !== null)
      return canStateAllAxes(each) ? resizeOfAllAxes(each, names, added) : behindReshape(each, names);
    return [each];
  });
  const isUnchanged = node.length === graph.node.length && node.every((each, i) => each === graph.node[i]);
  return isUnchanged ? graph : { ...graph, node, initializer: [...graph.initializer, ...added] };
}

function withoutUnitDilations(node: Node): Node {
  const dilations = attrInts(node, 'dilations', null);
  return dilations?.every((dilation) => dilation === 1)
    ? { ...node, attribute: withAttributes(node, ['dilations']) }
    : node;
}

/** False if `axes` has a further meaning: for a kept aspect ratio or a cropped region. */
function canStateAllAxes(resize: Node): boolean {
  const isCropped = attrString(resize, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  return !isCropped && attrString(resize, 'keep_aspect_ratio_policy', 'stretch') === 'stretch';
}

function behindReshape(node: Node, names: FreshNames): Node[] {
  const [data = '', ...others] = node.input;
  const shape = names.next(`${data}_shape`);
  const same = names.next(`${data}_same`);
  return [
    makeNode('Shape', [data], [shape], { name: names.next(`${shape}_Shape`) }),
    makeNode('Reshape', [data, shape], [same], { name: names.next(`${same}_Reshape`) }),
    { ...node, input: [same, ...others] },
  ];
}

/** States the scales (1 for other axes) or sizes (those of the input for other axes) of all axes. */
function resizeOfAllAxes(node: Node, names: FreshNames, added: Tensor[]): Node[] {
  const axes = attrInts(node, 'axes', []);
  const [data = '', roi = '', scales = '', sizes = ''] = node.input;
  const fresh = (suffix: string): string => names.next(`${node.output[0] ?? node.name}_${suffix}`);
  const named = (
    opType: string,
    inputs: readonly string[],
    suffix: string,
    attributes: Node['attribute'] = [],
  ): Node => {
    const output = fresh(suffix);
    return makeNode(opType, inputs, [output], { name: names.next(`${output}_${opType}`), attributes });
  };
  const axesTensor = int64Tensor(fresh('axes'), [axes.length], axes);
  added.push(axesTensor);
  const shape = named('Shape', [data], 'shape');
  const [shapeName = ''] = shape.output;
  const before = [shape];
  let base = shapeName;
  if (sizes === '') {
    const rank = named('Shape', [shapeName], 'rank');
    const ones = named('ConstantOfShape', rank.output, 'ones', [tensorAttr('value', floatTensor('value', [1], [1]))]);
    before.push(rank, ones);
    base = ones.output[0] ?? '';
  }
  const all = named(
    'ScatterElements',
    [base, axesTensor.name, sizes === '' ? scales : sizes],
    sizes === '' ? 'all_scales' : 'all_sizes',
    [intAttr('axis', 0)],
  );
  const [whole = ''] = all.output;
  return [
    ...before,
    all,
    {
      ...node,
      input: sizes === '' ? [data, roi, whole] : [data, roi, '', whole],
      attribute: withAttributes(node, ['axes']),
    },
  ];
}
