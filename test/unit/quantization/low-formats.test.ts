import { describe, expect, it } from 'vitest';
import type { LowFormat, Target } from '../../../src-shared/domain/project/precision';
import { int64Tensor, intAttr, intsAttr, makeNode, stringAttr } from '../../../src-main/onnx/graph/make';
import { DataType, type Model, type Tensor } from '../../../src-main/onnx/graph/model';
import { defaultOpset } from '../../../src-main/onnx/graph/opset';
import { tensorBytes } from '../../../src-main/onnx/graph/tensor-values';
import { BLOCK_QDQ_OPSET, raiseOpset } from '../../../src-main/onnx/passes/raise-opset';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import { blockAmax, blockedShape, blockIndex } from '../../../src-main/quantization/rewrite/block-scales';
import { lowFormatLayers } from '../../../src-main/quantization/rules/low-format-rules';
import { buildModel, pseudoRandom } from '../../support/onnx-builder';
import { Net } from './graphs';
import { simulate } from './run';

/** A stem, a dense and a depthwise Conv, Gemm with transposed weights of 192 columns, and MatMul over 200. */
function network(): Model {
  const net = new Net();
  const stem = net.op('Relu', 'relu', [net.conv('stem', 'x', 3, 32)]);
  const dense = net.conv('dense', stem, 32, 48);
  const deep = net.groupedConv('deep', dense, { inputChannels: 48, outputChannels: 48, group: 48 });
  const flat = net.op('Flatten', 'flat', [deep]);
  const gemm = net.op(
    'Gemm',
    'gemm',
    [flat, net.constant('gemm.w', [200, 192]), net.constant('gemm.b', [200])],
    [intAttr('transB', 1)],
  );
  return net.model(['n', 3, 2, 2], net.matmul('matmul', gemm, 200, 18));
}

const RANGES = Object.fromEntries(
  ['x', 'relu:0', 'stem:0', 'dense:0', 'deep:0', 'flat:0', 'gemm:0', 'matmul:0'].map(
    (name) => [name, [-20, 20, 0]] as const,
  ),
);

function quantized(format: LowFormat, target: Target, ranges = RANGES) {
  return quantizeModel({ model: network(), target, plan: { layers: {} }, thresholds: {}, ranges, format });
}

const formatsOf = (format: LowFormat, target: Target): Record<string, string> =>
  Object.fromEntries(
    quantized(format, target)
      .decisions.filter(({ tensor }) => tensor === undefined)
      .map(({ layer, precision, code }) => [layer, `${precision} ${code}`]),
  );

const initializer = (model: Model, dataType: number, dims: readonly number[]): Tensor | undefined =>
  model.graph.initializer.find(
    (tensor) => tensor.dataType === dataType && tensor.dims.join() === dims.join() && tensor.dims.length > 0,
  );

describe('formats below INT8', () => {
  it('take dense Conv, Gemm and MatMul in FP8, and say why the others stay', () => {
    expect(formatsOf('fp8', 'tensorrt')).toMatchObject({
      stem: 'fp16 low-format-size',
      relu: 'fp16 activation-float',
      dense: 'fp8 fp8',
      deep: 'fp16 fp8-groups',
      gemm: 'fp8 fp8',
      matmul: 'fp8 fp8',
    });
    expect(lowFormatLayers(network(), 'fp8', 'tensorrt')).toEqual(['dense', 'gemm', 'matmul']);
  });

  it('take Gemm and MatMul with INT4 weights, for TensorRT only in whole blocks', () => {
    const own = quantized('w4', 'tensorrt');
    expect(formatsOf('w4', 'tensorrt')).toMatchObject({
      dense: 'fp16 w4-operator',
      gemm: 'w4 w4',
      matmul: 'fp16 w4-blocks',
    });
    expect(own.decisions.find(({ layer }) => layer === 'gemm')?.reason).toContain('block of 64');
    expect(formatsOf('w4', 'onnxruntime')).toMatchObject({ dense: 'fp32 w4-operator', gemm: 'w4 w4', matmul: 'w4 w4' });
  });

  it('have the scales amax/448 and max/7 of each channel or block', () => {
    const { scales } = quantized('fp8', 'onnxruntime');
    expect(scales.get('relu:0')?.scale).toBe(Math.fround(20 / 448));
    const { model } = quantized('w4', 'onnxruntime');
    const weights = pseudoRandom(200 * 192, 200 * 192 + 'gemm.w'.length);
    const largest = (row: number, from: number, to: number): number =>
      Math.max(...weights.slice(row * 192 + from, row * 192 + to).map(Math.abs));
    const found = initializer(model, DataType.FLOAT, [200, 2]);
    const view = new Float32Array(found ? tensorBytes(found).slice().buffer : new ArrayBuffer(0));
    expect(view[6]).toBe(Math.fround(largest(3, 0, 128) / 7));
    expect(view[7]).toBe(Math.fround(largest(3, 128, 192) / 7));
  });

  it.each(['fp8', 'w4'] as const)('raise the operator set as %s needs it', (format) => {
    const { model } = quantized(format, 'onnxruntime');
    expect([defaultOpset(model), model.irVersion]).toEqual(format === 'fp8' ? [19, 9] : [21, 10]);
  });

  it.each([
    ['fp8', 'onnxruntime'],
    ['w4', 'onnxruntime'],
    ['fp8', 'tensorrt'],
    ['w4', 'tensorrt'],
  ] as const)('%s for %s: the written weights are those that ONNX Runtime computes', async (format, target) => {
    const { model } = quantized(format, target);
    const written = materialize(model);
    const type = format === 'fp8' ? DataType.FLOAT8E4M3FN : DataType.INT4;
    const gemm = initializer(written, type, [200, 192]);
    expect(gemm && tensorBytes(gemm).length).toBe(format === 'fp8' ? 200 * 192 : (200 * 192) / 2);
    const values = pseudoRandom(2 * 12, 5);
    const [full, lean, float] = await Promise.all(
      [model, written, network()].map((each) => simulate(each, values, [2, 3, 2, 2])),
    );
    expect([...(lean ?? [])]).toEqual([...(full ?? [])]);
    expect([...(full ?? [])]).not.toEqual([...(float ?? [])]);
    const error = Math.hypot(...(full ?? []).map((value, i) => value - (float?.[i] ?? 0)));
    expect(error / Math.hypot(...(float ?? []))).toBeLessThan(0.3);
  });

  it('need the range of every tensor that FP8 reads', () => {
    expect(() => quantized('fp8', 'tensorrt', {})).toThrow('Expected a threshold for tensor "relu:0"');
  });
});

describe('blocks of weights', () => {
  const dims = [3, 5];
  const values = Float32Array.from({ length: 15 }, (_, i) => (i % 2 === 0 ? i : -i));

  it('end with a shorter block if their size does not divide the axis', () => {
    expect(blockedShape(dims, 0, 2)).toEqual([3, 3]);
    expect([...blockAmax(values, dims, 0, 2)]).toEqual([1, 3, 4, 6, 8, 9, 11, 13, 14]);
    expect(blockedShape(dims, 1, 2)).toEqual([2, 5]);
    expect([...blockAmax(values, dims, 1, 2)]).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect([0, 4, 9, 10, 14].map(blockIndex(dims, 1, 2))).toEqual([0, 4, 4, 5, 9]);
  });
});

describe('raiseOpset to 21', () => {
  const model = (opType: string, attributes: Parameters<typeof makeNode>[3], opset: number): Model =>
    buildModel({
      inputs: { x: [1, 4, 4, 4], grid: [1, 2, 2, 2] },
      outputs: { y: null },
      nodes: [makeNode(opType, ['x', 'grid'], ['y'], { name: 'node', ...attributes })],
      initializers: [int64Tensor('n', [1], [1])],
      opset,
    });

  it('renames the modes of GridSample', () => {
    const raised = raiseOpset(
      model('GridSample', { attributes: [stringAttr('mode', 'bicubic')] }, 16),
      BLOCK_QDQ_OPSET,
    );
    expect(raised.graph.node[0]?.attribute).toEqual([stringAttr('mode', 'cubic')]);
    expect(defaultOpset(raised)).toBe(21);
  });

  it('takes the axis of DFT as an input', () => {
    const raised = raiseOpset(model('DFT', { attributes: [intAttr('axis', 2)] }, 17), BLOCK_QDQ_OPSET);
    const [node] = raised.graph.node;
    expect(node?.attribute).toEqual([]);
    expect(raised.graph.initializer.find(({ name }) => name === node?.input[2])?.dims).toEqual([]);
  });

  it('refuses GroupNormalization with values for groups', () => {
    const attributes = [intAttr('num_groups', 2), intsAttr('unused', [])];
    expect(() => raiseOpset(model('GroupNormalization', { attributes }, 18), BLOCK_QDQ_OPSET)).toThrow(
      'cannot be upgraded to opset 21',
    );
  });
});
