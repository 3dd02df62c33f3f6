import { describe, expect, it } from 'vitest';
import { chargeLayers } from '../../../../src-shared/domain/engines/layer-charges';
import { ortEngineLayers, type GraphNode, type NodeTime } from '../../../../src-shared/domain/engines/ort-layers';

function node(name: string, op: string, inputs: string, outputs: string): GraphNode {
  return { name, op, inputs: inputs.split(' '), outputs: outputs.split(' '), hasActivation: false };
}

const time = (medianMs: number, inputType = 'float', outputType = inputType): NodeTime => ({
  ...{ medianMs, provider: 'CPU', inputType, outputType },
});

/** A convolution with SiLU, one with Relu behind a residual sum, and a shape that is computed in advance. */
const MODEL = [
  node('Conv_1', 'Conv', 'x w1', 'c1'),
  node('Sigmoid_2', 'Sigmoid', 'c1', 's2'),
  node('Mul_3', 'Mul', 'c1 s2', 'm3'),
  node('Conv_4', 'Conv', 'm3 w4', 'c4'),
  node('Add_5', 'Add', 'c4 m3', 'a5'),
  node('Relu_6', 'Relu', 'a5', 'r6'),
  node('Shape_7', 'Shape', 'r6', 's7'),
  node('Gather_8', 'Gather', 's7 i', 'g8'),
  node('Reshape_9', 'Reshape', 'r6 g8', 'y'),
];

function joined(opened: readonly GraphNode[], optimized: readonly GraphNode[], times: Record<string, NodeTime>) {
  return ortEngineLayers({
    opened,
    optimized,
    layers: new Set(MODEL.map(({ name }) => name)),
    times: new Map(Object.entries(times)),
  });
}

const model = MODEL.map(({ name, inputs, outputs }) => ({ layer: name, inputs, outputs }));

describe('ortEngineLayers', () => {
  it('finds the layers of fused and converted nodes of a model in floating point', () => {
    const layers = joined(
      MODEL,
      [
        node('ReorderInput', 'ReorderInput', 'x', 'reorder_token_0'),
        node('c1_nchwc', 'Conv', 'reorder_token_0 reorder_1', 'reorder_token_2'),
        node('Mul_3/QuickGeluFusion/', 'QuickGelu', 'reorder_token_2', 'reorder_token_3'),
        {
          ...node('c4_nchwc', 'Conv', 'reorder_token_3 reorder_4  reorder_token_3', 'reorder_token_5'),
          hasActivation: true,
        },
        node('ReorderOutput', 'ReorderOutput', 'reorder_token_5', 'r6'),
        node('Reshape_9', 'Reshape', 'r6 g8', 'y'),
      ],
      { ReorderInput: time(1), c1_nchwc: time(4), 'Mul_3/QuickGeluFusion/': time(2), c4_nchwc: time(8) },
    );
    expect(layers.map(({ onnxLayers }) => onnxLayers)).toEqual([
      [],
      ['Conv_1'],
      ['Sigmoid_2', 'Mul_3'],
      ['Conv_4', 'Add_5', 'Relu_6'],
      [],
      ['Reshape_9'],
    ]);
    expect(layers.map(({ isReformat }) => isReformat)).toEqual([true, false, false, false, true, false]);
    expect(layers[2]).toMatchObject({ type: 'fp32', tactic: 'QuickGelu, CPU', inputs: ['c1'], medianMs: 2 });
    // The first conversion serves the convolution that reads its tensor; shape arithmetic takes no time.
    const { layers: charges, totalMs } = chargeLayers(layers, model, {});
    expect(charges.get('Conv_1')).toMatchObject({ kernelMs: 4, conversionMs: 1, converted: ['x'] });
    expect(charges.has('Gather_8')).toBe(false);
    const charged = [...charges.values()].reduce((sum, each) => sum + each.kernelMs + each.conversionMs, 0);
    expect([charged, totalMs]).toEqual([expect.closeTo(15, 9), 15]);
  });

  it('finds the layers of INT8 kernels, and charges Q, DQ and transpositions', () => {
    const opened = [
      node('x_QuantizeLinear', 'QuantizeLinear', 'x s z', 'x_quantized'),
      node('x_DequantizeLinear', 'DequantizeLinear', 'x_quantized s z', 'x_dq'),
      node('Conv_1', 'Conv', 'x_dq w1', 'c1'),
      node('c1_QuantizeLinear', 'QuantizeLinear', 'c1 s z', 'c1_quantized'),
      node('c1_DequantizeLinear', 'DequantizeLinear', 'c1_quantized s z', 'c1_dq'),
      ...MODEL.slice(1, 3).map((each) => ({
        ...each,
        inputs: each.inputs.map((name) => (name === 'c1' ? 'c1_dq' : name)),
      })),
      node('m3_QuantizeLinear', 'QuantizeLinear', 'm3 s z', 'm3_quantized'),
      node('m3_DequantizeLinear', 'DequantizeLinear', 'm3_quantized s z', 'm3_dq'),
      node('Conv_4', 'Conv', 'm3_dq w4', 'c4'),
      ...MODEL.slice(4),
    ];
    const layers = joined(
      opened,
      [
        node('x_QuantizeLinear', 'QuantizeLinear', 'x s z', 'x_quantized'),
        node('Transpose', 'Transpose', 'x_quantized', 'Transpose_out0'),
        node('Conv_1_token_5', 'QLinearConv', 'Transpose_out0 s z', 'Conv_1'),
        node('Sigmoid_2', 'QLinearSigmoid', 'Conv_1 s z', 'Sigmoid_2'),
        node('Mul_3', 'QLinearMul', 'Conv_1 s z Sigmoid_2', 'Mul_3'),
        node('Transpose_token_9', 'Transpose', 'Mul_3', 'm3_quantized'),
        node('m3_DequantizeLinear', 'DequantizeLinear', 'm3_quantized s z', 'm3_dq'),
        node('Conv_4', 'Conv', 'm3_dq w4', 'c4'),
        node('Add_5', 'Add', 'c4 m3', 'a5'),
      ],
      {
        x_QuantizeLinear: time(1, 'float', 'uint8'),
        Transpose: time(1, 'uint8'),
        Conv_1_token_5: time(3, 'uint8'),
        m3_DequantizeLinear: time(2, 'uint8', 'float'),
        Conv_4: time(5),
      },
    );
    expect(layers.map(({ onnxLayers }) => onnxLayers)).toEqual([
      ...[[], [], ['Conv_1'], ['Sigmoid_2'], ['Mul_3'], [], [], ['Conv_4']],
      ['Add_5', 'Relu_6'],
    ]);
    expect(layers.slice(2, 5).map(({ type }) => type)).toEqual(['int8', 'int8', 'int8']);
    const { layers: charges } = chargeLayers(layers, model, { Conv_1: 'int8', Sigmoid_2: 'int8', Mul_3: 'int8' });
    expect(charges.get('Conv_1')).toMatchObject({ kernelMs: 3, conversionMs: 2 });
    // Only layers in floating point read the tensor: its INT8 producer made the conversion necessary.
    expect(charges.get('Mul_3')).toMatchObject({ conversionMs: 2, converted: ['m3'] });
  });
});
