import { describe, expect, it } from 'vitest';
import { engineLayersOf } from '../../../../src-main/backends/openvino/inspect-model';

const LAYERS = [
  { name: '/conv', outputs: ['c'] },
  { name: '/add', outputs: ['/add_output_0'] },
  { name: '/relu', outputs: ['r'] },
  { name: '/fc/Gemm', outputs: ['logits'] },
];
const node = (name: string, kind: string, kernel = 'jit_avx2_I8') => ({ name, kind, kernel, medianMs: 0.01 });
const computed = (...nodes: readonly ReturnType<typeof node>[]) =>
  engineLayersOf(nodes, LAYERS).map(({ onnxLayers }) => onnxLayers.join());

describe('the nodes that OpenVINO ran', () => {
  it('belong to the layer that they were made from, by its name or that of its output', () => {
    expect(
      computed(
        node('/conv/WithoutBiases', 'Convolution'),
        node('r', 'Eltwise'),
        node('/fc/Gemm/WithoutBiases/DequantizationMultiply', 'FullyConnectedQuantizedLegacy'),
      ),
    ).toEqual(['/conv', '/relu', '/fc/Gemm']);
  });

  it('take what stands in front of a Q along, unless it has a node of its own', () => {
    const quantize = node('/add_output_0_QuantizeLinear', 'Subgraph');
    expect(computed(quantize, node('input_QuantizeLinear', 'Subgraph'))).toEqual(['/add', '']);
    expect(computed(node('/add', 'Eltwise'), quantize)).toEqual(['/add', '']);
  });

  it('compute no layer if they only convert', () => {
    const [reorder] = engineLayersOf([node('/conv', 'Reorder', 'jit_uni_I8')], LAYERS);
    expect(reorder).toMatchObject({ isReformat: true, onnxLayers: [], type: 'int8' });
  });
});
