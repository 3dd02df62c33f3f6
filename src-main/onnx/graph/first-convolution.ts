import { attrInt, attrInts } from './attributes';
import { GraphIndex } from './graph-index';
import type { Graph, Node } from './model';
import { isOp } from './opset';

/** The first convolution that reads an input: it tells how the input is laid out and how many channels it has. */
export interface FirstConvolution {
  readonly channels: number | null;
  readonly layout: 'nchw' | 'nhwc';
}

/** Operators between an input and its first convolution that keep its axes: normalization, casts, padding. */
const KEEPING = [
  'Cast',
  'Sub',
  'Add',
  'Mul',
  'Div',
  'Identity',
  'Pad',
  'Clip',
  'BatchNormalization',
  'Resize',
  'QuantizeLinear',
  'DequantizeLinear',
];
/** Layers that are looked at before the search gives up. */
const MAX_LAYERS = 32;

/** Follows an input of rank 4 through layers that keep its axes, and through Transpose; null if no Conv is found. */
export function firstConvolution(graph: Graph, input: string): FirstConvolution | null {
  const index = new GraphIndex(graph);
  const pending: { readonly tensor: string; readonly layout: 'nchw' | 'nhwc' }[] = [{ tensor: input, layout: 'nchw' }];
  for (let seen = 0; seen < MAX_LAYERS; seen++) {
    const next = pending.shift();
    if (next === undefined) return null;
    for (const { node } of index.consumers(next.tensor)) {
      if (isOp(node, 'Conv') && node.input[0] === next.tensor) {
        const weights = index.initializer(node.input[1] ?? '');
        return { channels: channelsOf(node, weights?.dims), layout: next.layout };
      }
      const output = node.output[0];
      if (output === undefined) continue;
      if (isOp(node, ...KEEPING)) pending.push({ tensor: output, layout: next.layout });
      if (isOp(node, 'Transpose') && attrInts(node, 'perm', []).join() === '0,3,1,2')
        pending.push({ tensor: output, layout: 'nhwc' });
    }
  }
  return null;
}

function channelsOf(node: Node, weights: readonly number[] | undefined): number | null {
  const perGroup = weights?.[1];
  return perGroup === undefined ? null : perGroup * attrInt(node, 'group', 1);
}
