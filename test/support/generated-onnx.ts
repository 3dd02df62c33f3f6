import { floatTensor, intAttr, intsAttr, makeModel, makeNode, makeValueInfo } from '../../src-main/onnx/graph/make';
import { DataType, type Attribute, type Model, type Tensor } from '../../src-main/onnx/graph/model';
import { generatedModel } from './generated-model';
import { createRandom } from './random';

const INPUT_SIDE = 16;
const CLASSES = 10;
/** Channels of a residual block in `generatedModel`. */
const VIEW_CHANNELS = 64;

/**
 * The graph of `generatedModel(count)` as an ONNX model: seeded random weights, `channels` channels a block, 16x16
 * input.
 */
export function generatedOnnx(count: number, channels = 8): Model {
  const { layers } = generatedModel(count);
  const random = createRandom(11);
  const initializer: Tensor[] = [];
  const channelsOf = new Map<string, number>([['input', 3]]);

  const addWeights = (layer: string, dims: readonly number[], fanIn: number): string[] => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const values = Array.from({ length: size }, () => ((random() * 2 - 1) * 0.5) / Math.sqrt(fanIn));
    const outputs = dims.length === 2 ? (dims[1] ?? 0) : (dims[0] ?? 0);
    const bias = Array.from({ length: outputs }, () => random() * 0.1);
    initializer.push(floatTensor(`${layer}.w`, dims, values), floatTensor(`${layer}.b`, [outputs], bias));
    return [`${layer}.w`, `${layer}.b`];
  };

  const node = layers.map(({ layer, op, inputs, outputs, weightShape }) => {
    const read = inputs.map((name) => channelsOf.get(name) ?? 0);
    const [width = 0] = read;
    let made = width;
    let weights: readonly string[] = [];
    let attributes: readonly Attribute[] = [];
    if (op === 'Conv') {
      const [outputChannels = 0, , kernel = 1] = weightShape ?? [];
      made = (outputChannels * channels) / VIEW_CHANNELS;
      weights = addWeights(layer, [made, width, kernel, kernel], width * kernel * kernel);
      const pad = (kernel - 1) / 2;
      attributes = [intsAttr('pads', [pad, pad, pad, pad])];
    } else if (op === 'Gemm') {
      made = CLASSES;
      weights = addWeights(layer, [width, CLASSES], width);
    } else if (op === 'Concat') {
      made = read.reduce((sum, own) => sum + own, 0);
      attributes = [intAttr('axis', 1)];
    }
    for (const name of outputs) channelsOf.set(name, made);
    return makeNode(op, [...inputs, ...weights], outputs, { name: layer, attributes });
  });

  return makeModel(
    {
      name: 'generated',
      node,
      initializer,
      input: [makeValueInfo('input', DataType.FLOAT, ['N', 3, INPUT_SIDE, INPUT_SIDE])],
      output: [makeValueInfo(layers.at(-1)?.outputs[0] ?? '', DataType.FLOAT, ['N', CLASSES])],
      valueInfo: [],
    },
    17,
  );
}
