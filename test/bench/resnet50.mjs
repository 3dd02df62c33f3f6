/** A model with the layers of ResNet-50 (He et al. 2015, arXiv 1512.03385) and random weights, for timing. */
import { join } from 'node:path';
import { runnerImport } from 'vite';

const root = join(import.meta.dirname, '../..');
const load = async (path) => (await runnerImport(join(root, path))).module;

/** [blocks, channels inside, channels of the output, stride] of each stage. */
const STAGES = [
  [3, 64, 256, 1],
  [4, 128, 512, 2],
  [6, 256, 1024, 2],
  [3, 512, 2048, 2],
];
const CLASSES = 1000;

/** The encoded model; its input is [1, 3, 224, 224]. */
export async function resnet50() {
  const { floatTensor, intsAttr, makeModel, makeNode, makeValueInfo } = await load('src-main/onnx/graph/make.ts');
  const { DataType } = await load('src-main/onnx/graph/model.ts');
  const { encodeModel } = await load('src-main/onnx/wire/wire-writer.ts');
  const node = [];
  const initializer = [];
  let state = 1;
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  const weights = (name, dims) => {
    const fanIn = dims.slice(1).reduce((product, dim) => product * dim, 1);
    const bound = Math.sqrt(6 / fanIn);
    initializer.push(
      floatTensor(
        name,
        dims,
        Float32Array.from({ length: fanIn * dims[0] }, () => uniform() * bound),
      ),
    );
    return name;
  };
  const add = (op, inputs, attributes = []) => {
    const output = `${op.toLowerCase()}_${node.length}`;
    node.push(makeNode(op, inputs, [output], { name: output, attributes }));
    return output;
  };
  const conv = (input, [from, to], kernel, stride) => {
    const pad = (kernel - 1) / 2;
    const inputs = [input, weights(`w_${node.length}`, [to, from, kernel, kernel]), weights(`b_${node.length}`, [to])];
    return add('Conv', inputs, [intsAttr('pads', [pad, pad, pad, pad]), intsAttr('strides', [stride, stride])]);
  };
  const pool = [intsAttr('kernel_shape', [3, 3]), intsAttr('pads', [1, 1, 1, 1]), intsAttr('strides', [2, 2])];
  let current = add('MaxPool', [add('Relu', [conv('input', [3, 64], 7, 2)])], pool);
  let channels = 64;
  for (const [blocks, inside, outside, firstStride] of STAGES) {
    for (let block = 0; block < blocks; block += 1) {
      const stride = block === 0 ? firstStride : 1;
      const first = add('Relu', [conv(current, [channels, inside], 1, 1)]);
      const second = add('Relu', [conv(first, [inside, inside], 3, stride)]);
      const third = conv(second, [inside, outside], 1, 1);
      const shortcut = block === 0 ? conv(current, [channels, outside], 1, stride) : current;
      current = add('Relu', [add('Add', [third, shortcut])]);
      channels = outside;
    }
  }
  const flat = add('Flatten', [add('GlobalAveragePool', [current])]);
  const scores = add('MatMul', [flat, weights('w_classes', [channels, CLASSES])]);
  const model = makeModel(
    {
      name: 'resnet50',
      node,
      initializer,
      input: [makeValueInfo('input', DataType.FLOAT, [1, 3, 224, 224])],
      output: [makeValueInfo(scores, DataType.FLOAT, [1, CLASSES])],
      valueInfo: [],
    },
    13,
    7,
  );
  return encodeModel(model);
}
