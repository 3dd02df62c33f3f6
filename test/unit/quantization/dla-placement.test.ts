import { describe, expect, it } from 'vitest';
import { placeForDla } from '../../../src-main/quantization/placement/dla-placement';
import { floatTensor, intAttr, intsAttr, makeModel, makeNode, makeValueInfo } from '../../../src-main/onnx/graph/make';
import { DataType, type Model, type Node } from '../../../src-main/onnx/graph/model';
import { tinyModel } from '../../support/tiny-project';

const INT8 = (): 'int8' => 'int8';

/** Layers over x [1, 4, 8, 8] whose last one computes y; weights w are [4, 4, k, k]. */
function modelOf(node: readonly Node[], kernel = 3): Model {
  return makeModel(
    {
      name: 'm',
      valueInfo: [],
      node: [...node],
      initializer: [
        floatTensor(
          'w',
          [4, 4, kernel, kernel],
          Array.from({ length: 16 * kernel ** 2 }, () => 0.1),
        ),
      ],
      input: [makeValueInfo('x', DataType.FLOAT, [1, 4, 8, 8])],
      output: [makeValueInfo('y', DataType.FLOAT, [1, 4, 8, 8])],
    },
    17,
  );
}

const conv = (from: string, to: string, pad = 1): Node =>
  makeNode('Conv', [from, 'w'], [to], { name: to, attributes: [intsAttr('pads', [pad, pad, pad, pad])] });
const relu = (from: string, to: string): Node => makeNode('Relu', [from], [to], { name: to });

const codes = (model: Model): readonly string[] => placeForDla(model, INT8).layers.map(({ code }) => code);

describe('placeForDla', () => {
  it('runs what is within the limits in one region, with a scale on every tensor', () => {
    const map = placeForDla(modelOf([conv('x', 'a'), relu('a', 'b'), conv('b', 'y')]), INT8);
    expect(map).toMatchObject({ isVerifiedOnHardware: false, transitions: [], scales: ['x', 'a', 'b', 'y'] });
    expect(map.regions).toEqual([{ precision: 'int8', layers: ['a', 'b', 'y'] }]);
  });

  it('leaves other layers to the GPU, with the reason, and counts the tensors that change the device', () => {
    const erf = makeNode('Erf', ['a'], ['b'], { name: 'b' });
    const { layers, regions, transitions } = placeForDla(modelOf([conv('x', 'a'), erf, conv('b', 'y')]), INT8);
    expect(layers.map(({ device, code, region }) => [device, code, region])).toEqual([
      ['dla', 'dla', 0],
      ['gpu', 'dla-operator', null],
      ['dla', 'dla', 1],
    ]);
    expect(regions).toHaveLength(2);
    expect(transitions).toEqual([
      { tensor: 'a', from: 'dla', to: 'gpu' },
      { tensor: 'b', from: 'gpu', to: 'dla' },
    ]);
  });

  it('keeps layers apart between which a path leaves DLA', () => {
    const erf = makeNode('Erf', ['a'], ['b'], { name: 'b' });
    const add = makeNode('Add', ['a', 'b'], ['y'], { name: 'y' });
    const { regions } = placeForDla(modelOf([conv('x', 'a'), erf, add]), INT8);
    expect(regions.map(({ layers }) => layers)).toEqual([['a'], ['y']]);
  });

  it('has one precision in a region, and no FP32', () => {
    const model = modelOf([conv('x', 'a'), relu('a', 'b'), conv('b', 'y')]);
    const mixed = placeForDla(model, (layer) => (layer === 'b' ? 'fp16' : 'int8'));
    expect(mixed.regions.map(({ precision, layers }) => [precision, layers])).toEqual([
      ['int8', ['a']],
      ['fp16', ['b']],
      ['int8', ['y']],
    ]);
    expect(placeForDla(model, () => 'fp32').layers.map(({ code }) => code)).toEqual(Array(3).fill('dla-fp32'));
  });

  it('knows the limits of convolutions and poolings', () => {
    expect(codes(modelOf([conv('x', 'y', 17)], 35))).toEqual(['dla-kernel-size']);
    const strided = makeNode('Conv', ['x', 'w'], ['y'], { name: 'y', attributes: [intsAttr('strides', [9, 9])] });
    expect(codes(modelOf([strided]))).toEqual(['dla-stride']);
    const pool = (include: number): Node =>
      makeNode('AveragePool', ['x'], ['y'], {
        name: 'y',
        attributes: [
          intsAttr('kernel_shape', [3, 3]),
          intsAttr('pads', [1, 1, 1, 1]),
          intAttr('count_include_pad', include),
        ],
      });
    expect([codes(modelOf([pool(0)])), codes(modelOf([pool(1)]))]).toEqual([['dla-exclusive-padding'], ['dla']]);
  });

  it('shares a scale between the sides of a pooling and the operands of an addition', () => {
    const pool = makeNode('MaxPool', ['a'], ['b'], {
      name: 'b',
      attributes: [intsAttr('kernel_shape', [3, 3]), intsAttr('pads', [1, 1, 1, 1])],
    });
    const add = makeNode('Add', ['b', 'x'], ['y'], { name: 'y' });
    const { sharedScales } = placeForDla(modelOf([conv('x', 'a'), pool, add]), INT8);
    expect(sharedScales.map((group) => [...group].sort())).toEqual([['a', 'b', 'x']]);
  });

  it('says that an open batch must be fixed, and that nothing was verified', () => {
    const { notes, layers } = placeForDla(tinyModel(), INT8);
    expect(notes).toEqual([expect.stringContaining('not compared with a DLA'), expect.stringContaining('fixed batch')]);
    expect(layers.find(({ op }) => op === 'GlobalAveragePool')).toMatchObject({ device: 'gpu', code: 'dla-window' });
  });
});
