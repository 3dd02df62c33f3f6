import { attrInt, attrString, hasAttr, withAttributes } from '../graph/attributes';
import { int64Tensor, intAttr, stringAttr } from '../graph/make';
import type { Model, Node } from '../graph/model';
import { defaultOpset } from '../graph/opset';
import { applyUpgrade } from './upgrade-opset';
import { attributeToInput, type UpgradeRule } from './upgrade-rules';
import type { UpgradeScope } from './upgrade-scope';

/** QuantizeLinear and DequantizeLinear take FP16 and FP8 from here on. */
export const HALF_QDQ_OPSET = 19;
/** QuantizeLinear and DequantizeLinear have blocks and INT4 from here on. */
export const BLOCK_QDQ_OPSET = 21;
/** The IR versions that came with opsets 19 (ONNX 1.14) and 21 (ONNX 1.16). */
const HALF_QDQ_IR_VERSION = 9;
const BLOCK_QDQ_IR_VERSION = 10;

/** ReduceSum has its axes as input since opset 13. */
const REDUCTIONS = [
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceSumSquare',
];

/** What changed between opset 13 and 19 beyond types (ONNX's Changelog.md). */
const RULES: ReadonlyMap<string, UpgradeRule> = new Map<string, UpgradeRule>([
  ...REDUCTIONS.map((opType): [string, UpgradeRule] => [
    opType,
    (node, scope) => (scope.opset < 18 ? attributeToInput('axes')(node, scope) : [node]),
  ]),
  ['Split', raiseSplit],
  ['RoiAlign', raiseRoiAlign],
]);

/** What changed between opset 19 and 21 beyond types. */
const BLOCK_RULES: ReadonlyMap<string, UpgradeRule> = new Map<string, UpgradeRule>([
  ['GridSample', raiseGridSample],
  ['DFT', raiseDft],
  ['GroupNormalization', raiseGroupNormalization],
]);

/**
 * A prepared model of an earlier opset, 13 or later, as opset 19 or 21 with the same function; others are left as they
 * are.
 * @throws WorkbenchError 'model-unsupported' naming the node that cannot be rewritten exactly.
 */
export function raiseOpset(
  model: Model,
  version: typeof HALF_QDQ_OPSET | typeof BLOCK_QDQ_OPSET = HALF_QDQ_OPSET,
): Model {
  if (defaultOpset(model) >= version) return model;
  const irVersion = version === BLOCK_QDQ_OPSET ? BLOCK_QDQ_IR_VERSION : HALF_QDQ_IR_VERSION;
  const rules = version === BLOCK_QDQ_OPSET ? new Map([...RULES, ...BLOCK_RULES]) : RULES;
  return applyUpgrade(model, { version, irVersion, rules });
}

/** Opset 18 wants the number of equal parts said when the sizes are not. */
function raiseSplit(node: Node, scope: UpgradeScope): readonly Node[] {
  const isSized = (node.input[1] ?? '') !== '';
  if (scope.opset >= 18 || isSized) return [node];
  return [{ ...node, attribute: withAttributes(node, [], [intAttr('num_outputs', node.output.length)]) }];
}

/** Opset 16 brought another default for where pixels lie. */
function raiseRoiAlign(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 16 || hasAttr(node, 'coordinate_transformation_mode')) return [node];
  return [
    {
      ...node,
      attribute: withAttributes(node, [], [stringAttr('coordinate_transformation_mode', 'output_half_pixel')]),
    },
  ];
}

/** Opset 20 renamed the modes. */
function raiseGridSample(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 20) return [node];
  const mode = attrString(node, 'mode', 'bilinear');
  const renamed = { bilinear: 'linear', bicubic: 'cubic' }[mode] ?? mode;
  return [{ ...node, attribute: withAttributes(node, ['mode'], [stringAttr('mode', renamed)]) }];
}

/** Opset 20 took the axis, whose default was 1, as an input. */
function raiseDft(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 20) return [node];
  const axis = scope.addTensor(`${node.output[0] ?? node.opType}_axis`, (name) =>
    int64Tensor(name, [], [attrInt(node, 'axis', 1)]),
  );
  return [
    { ...node, input: [node.input[0] ?? '', node.input[1] ?? '', axis], attribute: withAttributes(node, ['axis']) },
  ];
}

/** Until opset 21, scale and bias had one value for each group, not for each channel. */
function raiseGroupNormalization(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 21) return [node];
  throw scope.unsupported(node, 'its scale and bias have another form there', BLOCK_QDQ_OPSET);
}
