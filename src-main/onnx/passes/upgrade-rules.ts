import { attrFloat, attrInt, attrInts, hasAttr, withAttributes } from '../graph/attributes';
import { intAttr } from '../graph/make';
import type { Node } from '../graph/model';
import { upgradeResize, upgradeUpsample } from './upgrade-resize';
import type { UpgradeScope } from './upgrade-scope';
import { upgradeSoftmax } from './upgrade-softmax';

/** Rewrites one node into nodes of a later operator set that make the same tensors. */
export type UpgradeRule = (node: Node, scope: UpgradeScope) => readonly Node[];

const LARGEST_FLOAT = 3.4028234663852886e38;

/** Operators of the first operator sets that no longer exist. */
const REMOVED = [
  'ATen',
  'Affine',
  'Crop',
  'DynamicSlice',
  'GRUUnit',
  'GivenTensorFill',
  'ImageScaler',
  'ParametricSoftplus',
  'Scale',
  'ScaledTanh',
];

/** By op type. What is not here means the same from opset 7 to 13 (only types were added). */
export const UPGRADE_RULES: ReadonlyMap<string, UpgradeRule> = new Map<string, UpgradeRule>([
  ['Squeeze', attributeToInput('axes')],
  ['Unsqueeze', attributeToInput('axes')],
  ['ReduceSum', attributeToInput('axes')],
  ['Split', attributeToInput('split')],
  ['Slice', upgradeSlice],
  ['Clip', upgradeClip],
  ['Pad', upgradePad],
  ['Dropout', upgradeDropout],
  ['TopK', upgradeTopK],
  ['Scatter', (node) => [{ ...node, opType: 'ScatterElements' }]],
  ['BatchNormalization', upgradeBatchNormalization],
  ['Scan', upgradeScan],
  ['Softmax', upgradeSoftmax],
  ['LogSoftmax', upgradeSoftmax],
  ['Hardmax', upgradeSoftmax],
  ['Upsample', upgradeUpsample],
  ['Resize', upgradeResize],
  ...REMOVED.map((opType): [string, UpgradeRule] => [opType, removed]),
]);

function removed(node: Node, scope: UpgradeScope): never {
  throw scope.unsupported(node, 'the operator was removed from ONNX');
}

function newInputBase(node: Node, what: string): string {
  return `${node.output[0] ?? node.opType}_${what}`;
}

/** Takes as second input what was an attribute; an absent or empty one means the same in both. */
export function attributeToInput(attribute: 'axes' | 'split'): UpgradeRule {
  return (node, scope) => {
    const values = attrInts(node, attribute, undefined);
    if (values === undefined || values.length === 0) return [{ ...node, attribute: withAttributes(node, [attribute]) }];
    const name = scope.addInts(newInputBase(node, attribute), values);
    return [{ ...node, input: [node.input[0] ?? '', name], attribute: withAttributes(node, [attribute]) }];
  };
}

/** Opset 10 took starts, ends and axes as inputs. */
function upgradeSlice(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 10) return [node];
  const lists = (['starts', 'ends', 'axes'] as const).flatMap((attribute) => {
    const values = attrInts(node, attribute, undefined);
    return values === undefined ? [] : [scope.addInts(newInputBase(node, attribute), values)];
  });
  return [
    { ...node, input: [node.input[0] ?? '', ...lists], attribute: withAttributes(node, ['starts', 'ends', 'axes']) },
  ];
}

/** Opset 11 took min and max as inputs; the float limits, their defaults before, mean no limit. */
function upgradeClip(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 11) return [node];
  const data = node.input[0] ?? '';
  const min = attrFloat(node, 'min', -LARGEST_FLOAT);
  const max = attrFloat(node, 'max', LARGEST_FLOAT);
  const low = min <= -LARGEST_FLOAT ? null : scope.addScalarLike(newInputBase(node, 'min'), min, data);
  const high = max >= LARGEST_FLOAT ? null : scope.addScalarLike(newInputBase(node, 'max'), max, data);
  const input = high !== null ? [data, low?.name ?? '', high.name] : low !== null ? [data, low.name] : [data];
  return [
    ...(low?.nodes ?? []),
    ...(high?.nodes ?? []),
    { ...node, input, attribute: withAttributes(node, ['min', 'max']) },
  ];
}

/** Opset 11 took pads and value as inputs. */
function upgradePad(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 11) return [node];
  const data = node.input[0] ?? '';
  const pads = scope.addInts(newInputBase(node, 'pads'), attrInts(node, 'pads', []));
  const value = attrFloat(node, 'value', 0);
  const fill = value === 0 ? null : scope.addScalarLike(newInputBase(node, 'value'), value, data);
  const input = fill === null ? [data, pads] : [data, pads, fill.name];
  return [...(fill?.nodes ?? []), { ...node, input, attribute: withAttributes(node, ['pads', 'value']) }];
}

/** Without training mode the ratio has no effect. Before opset 10 the mask had the type of the data. */
function upgradeDropout(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 12) return [node];
  if (scope.opset < 10 && scope.isUsed(node.output[1] ?? '')) throw scope.unsupported(node, 'its mask output is used');
  return [{ ...node, attribute: withAttributes(node, ['ratio']) }];
}

/** Opset 10 took k as input; largest and sorted came with 11 and default to what was before. */
function upgradeTopK(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset >= 10) return [node];
  const k = scope.addInts(newInputBase(node, 'k'), [attrInt(node, 'k', 1)]);
  return [
    {
      ...node,
      input: [node.input[0] ?? '', k],
      attribute: withAttributes(node, ['k'], [intAttr('largest', 1), intAttr('sorted', 1)]),
    },
  ];
}

/** Opset 9 dropped `spatial`; more than one output means training. */
function upgradeBatchNormalization(node: Node, scope: UpgradeScope): readonly Node[] {
  if (node.output.slice(1).some((name) => name !== '')) throw scope.unsupported(node, 'it has the outputs of training');
  if (attrInt(node, 'spatial', 1) !== 1)
    throw scope.unsupported(node, 'spatial=0 (statistics per element) no longer exists');
  return [hasAttr(node, 'spatial') ? { ...node, attribute: withAttributes(node, ['spatial']) } : node];
}

/** The Scan of opset 8 had a batch axis and sequence lengths. */
function upgradeScan(node: Node, scope: UpgradeScope): readonly Node[] {
  if (scope.opset < 9) throw scope.unsupported(node, 'Scan before opset 9 works on batches');
  return [node];
}
