import { describe, expect, it } from 'vitest';
import { floatTensor, intsAttr } from '../../../src-main/onnx/graph/make';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import { placeQdq } from '../../../src-main/quantization/rewrite/quantize';
import { Net, residualNet } from './graphs';
import { layoutText } from './layout-text';

describe('ONNX Runtime placement', () => {
  it('puts Q/DQ on inputs and outputs of integer layers and folds Relu', () => {
    const model = residualNet();
    expect(
      layoutText(model, placeQdq(model, EMPTY_PLAN, 'onnxruntime'))
        .trimEnd()
        .split('\n'),
    ).toEqual([
      'stem | Conv | int8 | quantized | x, stem.w by axis 0, stem.b int32',
      'stem_relu | Relu | int8 | folded-into-range | stem:0*',
      'c1 | Conv | int8 | quantized | stem_relu:0*, c1.w by axis 0, c1.b int32',
      'r1 | Relu | int8 | folded-into-range | c1:0*',
      'c2 | Conv | int8 | quantized | r1:0*, c2.w by axis 0, c2.b int32',
      'add | Add | int8 | integer-kernel | stem_relu:0*, c2:0',
      'r2 | Relu | int8 | folded-into-range | add:0*',
      'gap | GlobalAveragePool | int8 | integer-kernel | r2:0*',
      'flat | Flatten | int8 | copy-shared-scale | gap:0*',
      'fc | MatMul | int8 | quantized | flat:0*, fc.w by axis 1',
    ]);
  });

  it('gives a folded Relu the scale of its output', () => {
    const { groups } = placeQdq(residualNet(), EMPTY_PLAN, 'onnxruntime');
    expect(groups).toContainEqual({ tensors: ['stem:0', 'stem_relu:0'], sources: ['stem_relu:0'] });
    expect(groups).toContainEqual({ tensors: ['flat:0', 'gap:0'], sources: ['gap:0'] });
  });

  it('lets a layer that the plan keeps in float read the float tensor, and says so on the edge', () => {
    const placement = placeQdq(residualNet(), { layers: { c2: 'fp32' } }, 'onnxruntime');
    const uses = placement.tensors.flatMap(({ uses: each }) => each.map(({ layer }) => layer));
    expect(uses).not.toContain('c2');
    expect(uses).not.toContain('add');
    expect(placement.decisions).toContainEqual(
      expect.objectContaining({ layer: 'c2', code: 'kept-float', tensor: 'r1:0' }),
    );
  });

  it('keeps an elementwise layer in float when only float readers follow', () => {
    const net = new Net();
    const sum = net.op('Add', 'add', [net.conv('a', 'x', 4, 4), net.conv('b', 'x', 4, 4)]);
    const placement = placeQdq(net.model(['n', 4, 2, 2], net.op('Softmax', 'soft', [sum])), EMPTY_PLAN, 'onnxruntime');
    expect(placement.decisions.filter((decision) => decision.tensor === undefined).map(({ code }) => code)).toEqual([
      'quantized',
      'quantized',
      'add-float',
      'softmax',
    ]);
  });

  it('does not quantize a Conv whose result is an output of the model', () => {
    const net = new Net();
    const head = net.conv('head', net.op('Relu', 'r', [net.conv('c', 'x', 4, 4)]), 4, 4);
    const placement = placeQdq(net.model(['n', 4, 2, 2], net.op('Flatten', 'flat', [head])), EMPTY_PLAN, 'onnxruntime');
    expect(placement.decisions.find((decision) => decision.layer === 'head')).toMatchObject({
      precision: 'fp32',
      code: 'head-conv',
    });
  });

  it('folds a Clip from 0, not one from -1, nor a Relu beside another reader', () => {
    const net = new Net();
    net.initializers.push(floatTensor('zero', [], [0]), floatTensor('minus', [], [-1]), floatTensor('six', [], [6]));
    const six = net.op('Clip', 'six_clip', [net.conv('a', 'x', 4, 4), 'zero', 'six']);
    const signed = net.op('Clip', 'signed_clip', [net.conv('b', six, 4, 4), 'minus', 'six']);
    const shared = net.conv('c', signed, 4, 4);
    const sum = net.op('Add', 'add', [shared, net.op('Relu', 'shared_relu', [shared])]);
    const placement = placeQdq(
      net.model(['n', 4, 2, 2], net.op('Tanh', 'end', [net.conv('d', sum, 4, 4)])),
      EMPTY_PLAN,
      'onnxruntime',
    );
    expect(placement.folded).toEqual([{ layer: 'six_clip', input: 'a:0', output: 'six_clip:0', upperReal: 6 }]);
  });

  it('leaves Gemm and MatMul float outputs, with the bias behind a MatMul as INT32', () => {
    const net = new Net();
    const sum = net.op('Add', 'bias_add', [net.matmul('m', 'x', 8, 6), net.constant('m.b', [6])]);
    const placement = placeQdq(net.model(['n', 8], net.op('Softmax', 'soft', [sum])), EMPTY_PLAN, 'onnxruntime');
    expect(placement.tensors).toEqual([{ tensor: 'x', uses: [{ layer: 'm', slot: 0 }] }]);
    expect(placement.biases).toEqual([
      expect.objectContaining({ layer: 'bias_add', slot: 1, initializer: 'm.b', dataTensor: 'x' }),
    ]);
  });

  it('leaves ConvTranspose in float', () => {
    const net = new Net();
    const up = net.op('ConvTranspose', 'up', ['x', net.constant('up.w', [4, 4, 2, 2])], [intsAttr('strides', [2, 2])]);
    const placement = placeQdq(net.model(['n', 4, 2, 2], up), EMPTY_PLAN, 'onnxruntime');
    expect(placement.decisions[0]).toMatchObject({ precision: 'fp32', code: 'no-integer-kernel' });
  });
});
