import { describe, expect, it } from 'vitest';
import { channelTensors, smoothingGroups } from '../../../src-main/quantization/rules/smoothing-groups';
import { intAttr, int64Tensor, intsAttr } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { Net } from './graphs';

/** What is in front of the layers gives a tensor of [n, 4, 16]. */
function transformer(first: (net: Net) => string, behind: (net: Net, tensor: string) => string): Model {
  const net = new Net();
  return net.model([1, 4, 16], behind(net, first(net)));
}

const layerNorm = (net: Net): string =>
  net.op('LayerNormalization', 'ln', ['x', net.constant('ln.w', [16]), net.constant('ln.b', [16])]);
const product = (net: Net, tensor: string): string => net.matmul('fc', tensor, 16, 8);

function summary(model: Model): (string | number)[][] {
  return smoothingGroups(model).groups.map(({ tensor, channels, constants, readers }) => [
    tensor,
    channels,
    ...constants.map((each) => `${each.tensor.name}@${each.axis}`),
    ...readers.map(({ weights, tensor: read, axis }) => `${weights.node.name}<-${read}@${axis.axis}`),
  ]);
}

function causes(model: Model): string[] {
  return [...smoothingGroups(model).refusals.values()].map(({ cause }) => cause);
}

describe('smoothingGroups', () => {
  it('finds a normalization with all layers that read it, and names the tensor whose maxima count', () => {
    const model = transformer(layerNorm, (net, tensor) =>
      net.op('Add', 'sum', [product(net, tensor), net.matmul('gate', tensor, 16, 8)]),
    );
    expect(summary(model)).toEqual([['ln:0', 16, 'ln.w@0', 'ln.b@0', 'fc<-ln:0@2', 'gate<-ln:0@2']]);
    expect(channelTensors(model)).toEqual([{ tensor: 'ln:0', axis: 2 }]);
  });

  it('finds normalizations without a shift, and scales and shifts that an exporter wrote as Mul and Add', () => {
    const rms = transformer((net) => net.op('RMSNormalization', 'n', ['x', net.constant('n.w', [16])]), product);
    expect(summary(rms)).toEqual([['n:0', 16, 'n.w@0', 'fc<-n:0@2']]);
    const written = transformer((net) => {
      const divided = net.op('Div', 'd', ['x', net.op('Sqrt', 's', ['x'])]);
      const scaled = net.op('Mul', 'm', [net.constant('g', [1, 1, 16]), divided]);
      return net.op('Add', 'a', [scaled, net.constant('b', [16])]);
    }, product);
    expect(summary(written)).toEqual([['m:0', 16, 'g@2', 'b@0', 'fc<-a:0@2']]);
  });

  it('follows the channels through changes of shape, and pieces that are put together again', () => {
    const model = transformer(layerNorm, (net, tensor) => {
      net.initializers.push(int64Tensor('two', [2], [2, 2]), int64Tensor('to', [3], [2, 2, 16]));
      net.op('Split', 'cut', [tensor, 'two'], [intAttr('axis', 1)]);
      const last = net.nodes.at(-1);
      if (last) net.nodes[net.nodes.length - 1] = { ...last, output: ['p', 'q'] };
      const rolled = net.op('Concat', 'roll', ['q', 'p'], [intAttr('axis', 1)]);
      const windows = net.op('Reshape', 'windows', [rolled, 'to']);
      return product(net, net.op('Relu', 'r', [windows]));
    });
    expect(summary(model)).toEqual([['ln:0', 16, 'ln.w@0', 'ln.b@0', 'fc<-r:0@2']]);
  });

  it('finds a layer whose result reaches another one, behind a Flatten too', () => {
    const net = new Net();
    const relu = net.op('Relu', 'r', [net.conv('c', 'x', 3, 8)]);
    const model = net.model([1, 3, 2, 2], net.matmul('fc', net.op('Flatten', 'flat', [relu]), 32, 5));
    expect(summary(model)).toEqual([['c:0', 8, 'c.b@0', 'fc<-flat:0@1']]);
    const [reader] = smoothingGroups(model).groups[0]?.readers ?? [];
    expect(reader?.axis.perChannel).toBe(4);
    expect([0, 3, 4, 31].map((input) => reader?.channelOf(0, input))).toEqual([0, 0, 1, 7]);
  });

  it.each<[string, (net: Net, tensor: string) => string, string]>([
    ['a GELU', (net, tensor) => product(net, net.op('Erf', 'e', [tensor])), 'an Erf passes no factor per channel'],
    [
      'a residual sum',
      (net, tensor) => product(net, net.op('Add', 'a', [tensor, 'x'])),
      'its result meets another path in an Add',
    ],
    [
      'a Reshape across channels',
      (net, tensor) => {
        net.initializers.push(int64Tensor('to', [3], [1, 8, 8]));
        return net.matmul('fc', net.op('Reshape', 'mix', [tensor, 'to']), 8, 8);
      },
      'a Reshape may mix channels',
    ],
    [
      'a Transpose of the channels',
      (net, tensor) => net.matmul('fc', net.op('Transpose', 't', [tensor], [intsAttr('perm', [0, 2, 1])]), 4, 8),
      'the weights of a MatMul that reads it do not fit its channels',
    ],
    ['an output of the model', (_, tensor) => tensor, 'its result is an output of the model'],
    [
      'a shift that is not one value per channel',
      (net, tensor) => product(net, net.op('Add', 'a', [tensor, net.constant('s', [1], [3])])),
      'what an Add adds is not one value per channel',
    ],
  ])('does not pass %s', (_, behind, cause) => {
    const model = transformer(layerNorm, behind);
    expect(summary(model)).toEqual([]);
    expect(causes(model)).toContain(cause);
  });
});
