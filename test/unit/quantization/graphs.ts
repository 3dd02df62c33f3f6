import { floatTensor, intAttr, intsAttr, makeNode } from '../../../src-main/onnx/graph/make';
import type { Model, Node, Tensor } from '../../../src-main/onnx/graph/model';
import { buildModel, pseudoRandom } from '../../support/onnx-builder';

/** Builds small networks layer by layer; a method returns the tensor it makes: the layer's name + ':0'. */
export class Net {
  readonly nodes: Node[] = [];
  readonly initializers: Tensor[] = [];

  op(opType: string, name: string, inputs: readonly string[], attributes: Node['attribute'] = []): string {
    this.nodes.push(makeNode(opType, inputs, [`${name}:0`], { name, attributes }));
    return `${name}:0`;
  }

  constant(name: string, dims: readonly number[], values?: ArrayLike<number>): string {
    const count = dims.reduce((product, dim) => product * dim, 1);
    this.initializers.push(floatTensor(name, dims, values ?? pseudoRandom(count, count + name.length)));
    return name;
  }

  /** 1x1 Conv with bias. */
  conv(name: string, input: string, inputChannels: number, outputChannels: number): string {
    return this.groupedConv(name, input, { inputChannels, outputChannels, group: 1 });
  }

  groupedConv(
    name: string,
    input: string,
    sizes: { readonly inputChannels: number; readonly outputChannels: number; readonly group: number },
  ): string {
    const { inputChannels, outputChannels, group } = sizes;
    const weight = this.constant(`${name}.w`, [outputChannels, inputChannels / group, 1, 1]);
    const bias = this.constant(`${name}.b`, [outputChannels]);
    return this.op('Conv', name, [input, weight, bias], [intsAttr('kernel_shape', [1, 1]), intAttr('group', group)]);
  }

  matmul(name: string, input: string, k: number, n: number): string {
    return this.op('MatMul', name, [input, this.constant(`${name}.w`, [k, n])]);
  }

  model(inputShape: readonly (number | string)[], output: string, opset = 17): Model {
    return buildModel({
      inputs: { x: inputShape },
      outputs: { [output]: null },
      nodes: this.nodes,
      initializers: this.initializers,
      opset,
      irVersion: 8,
    });
  }
}

/** Conv-Relu, then a residual block of two Conv with an identity shortcut, then Relu, mean and Gemm. */
export function residualNet(): Model {
  const net = new Net();
  const stem = net.op('Relu', 'stem_relu', [net.conv('stem', 'x', 3, 16)]);
  const inner = net.op('Relu', 'r1', [net.conv('c1', stem, 16, 16)]);
  const sum = net.op('Add', 'add', [stem, net.conv('c2', inner, 16, 16)]);
  const pooled = net.op('GlobalAveragePool', 'gap', [net.op('Relu', 'r2', [sum])]);
  const flat = net.op('Flatten', 'flat', [pooled]);
  return net.model(['n', 3, 4, 4], net.matmul('fc', flat, 16, 20));
}
