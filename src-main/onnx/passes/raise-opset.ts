import { hasAttr, withAttributes } from '../graph/attributes';
import { intAttr, stringAttr } from '../graph/make';
import type { Model, Node } from '../graph/model';
import { defaultOpset } from '../graph/opset';
import { applyUpgrade } from './upgrade-opset';
import { attributeToInput, type UpgradeRule } from './upgrade-rules';
import type { UpgradeScope } from './upgrade-scope';

/** QuantizeLinear and DequantizeLinear take FP16 from here on. */
export const RAISED_OPSET = 19;
/** The IR version that came with opset 19 (ONNX 1.14). */
const HALF_QDQ_IR_VERSION = 9;

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

/** A prepared model of opset 13..18 as opset 19 with the same function; later ones are left as they are. */
export function raiseOpset(model: Model): Model {
  if (defaultOpset(model) >= RAISED_OPSET) return model;
  return applyUpgrade(model, { version: RAISED_OPSET, irVersion: HALF_QDQ_IR_VERSION, rules: RULES });
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
