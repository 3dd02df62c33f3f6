import { describe, expect, it } from 'vitest';
import { int64Tensor } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { isPlugin, withoutPluginsAtEnd } from '../../../src-main/onnx/graph/plugins';
import { Net } from '../quantization/graphs';

const outputsOf = ({ graph }: Model): string[] => graph.output.map(({ name }) => name);

/** Conv and Sigmoid, whose values a plugin reads; `end` adds what is behind it. */
function withPlugin(end: (net: Net, found: string) => string = (_, found) => found): Model {
  const net = new Net();
  net.initializers.push(int64Tensor('keep', [1], [100]));
  const scores = net.op('Sigmoid', 'scores', [net.conv('stem', 'x', 4, 4)]);
  return net.model(['n', 4, 4, 4], end(net, net.op('EfficientNMS_TRT', 'nms', [scores, scores, 'keep'])));
}

describe('withoutPluginsAtEnd', () => {
  it('ends with the activations that the plugin reads', () => {
    const cut = withoutPluginsAtEnd(withPlugin());
    expect(outputsOf(cut)).toEqual(['scores:0']);
    expect(cut.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Sigmoid']);
    expect(outputsOf(withoutPluginsAtEnd(withPlugin((net, found) => net.op('Relu', 'last', [found]))))).toEqual([
      'scores:0',
    ]);
  });

  it('leaves models without plugins, and those with weights behind one, as they are', () => {
    const behind = withPlugin((net, found) => net.conv('head', found, 4, 2));
    expect(withoutPluginsAtEnd(behind)).toBe(behind);
    const net = new Net();
    const plain = net.model(['n', 4, 4, 4], net.conv('stem', 'x', 4, 4));
    expect(withoutPluginsAtEnd(plain)).toBe(plain);
  });
});

it('knows plugins by their name or domain', () => {
  const [node] = withPlugin().graph.node;
  if (!node) throw new Error('no layer');
  const domains = ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc', 'TRT', 'my.company'];
  expect(domains.filter((domain) => isPlugin({ ...node, domain }))).toEqual(['TRT', 'my.company']);
  expect(isPlugin({ ...node, opType: 'BatchedNMSDynamic_TRT' })).toBe(true);
});
