import { describe, expect, it } from 'vitest';
import { intAttr, intsAttr } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { graphFacts } from '../../../src-main/quantization/rules/graph-facts';
import { fp16Hazards } from '../../../src-main/quantization/fp16/fp16-hazards';
import { quantizeModel, rangeFacts } from '../../../src-main/quantization/rewrite/quantize';
import { WeightScales } from '../../../src-main/quantization/rewrite/weight-scales';
import { Net } from './graphs';

/** 1x1 Conv of 16 to 16 channels whose weights are all `weight`, then Relu and the average of 4x4 pixels. */
function model(weight: number): Model {
  const net = new Net();
  const conv = net.op('Conv', 'conv', ['x', net.constant('w', [16, 16, 1, 1], new Float32Array(256).fill(weight))]);
  const pooled = net.op('GlobalAveragePool', 'pool', [net.op('Relu', 'relu', [conv])]);
  return net.model([1, 16, 4, 4], pooled);
}

function hazardsOf(weight: number, ranges: Readonly<Record<string, readonly [number, number]>>): string[] {
  const built = model(weight);
  const info = [
    {
      name: 'relu:0',
      tensorType: { elemType: 1, shape: [1, 16, 4, 4].map((value) => ({ kind: 'value', value }) as const) },
    },
  ];
  const withShapes: Model = { ...built, graph: { ...built.graph, valueInfo: info } };
  const facts = graphFacts(withShapes);
  const judged = rangeFacts(new WeightScales(withShapes), ranges);
  return facts.nodes.flatMap((node) =>
    fp16Hazards(facts, node, judged).map(({ code, tensor, amaxReal }) => `${node.name} ${code} ${tensor} ${amaxReal}`),
  );
}

describe('fp16Hazards', () => {
  it('finds nothing where everything fits, or where nothing was collected', () => {
    expect(hazardsOf(1, { x: [-100, 100], 'relu:0': [0, 512], 'pool:0': [0, 500] })).toEqual([]);
    expect(hazardsOf(1, {})).toEqual([]);
  });

  it('names values and weights above 65504, and warns of coarse ones', () => {
    expect(hazardsOf(1, { 'relu:0': [0, 65505] })).toEqual([
      'relu fp16-refused-activation relu:0 65505',
      'pool fp16-refused-activation relu:0 65505',
    ]);
    expect(hazardsOf(7e4, {})).toEqual(['conv fp16-refused-weight w 70000']);
    expect(hazardsOf(1, { x: [-513, 2] })).toEqual(['conv fp16-coarse x 513']);
  });

  it('bounds partial sums of a Conv by sum|w| of a channel times max|x|', () => {
    expect(hazardsOf(10, { x: [-400, 400] })).toEqual([]);
    expect(hazardsOf(10, { x: [-410, 400] })).toEqual(['conv fp16-refused-accumulation conv:0 65600']);
    expect(hazardsOf(-10, { x: [-410, 400] })).toEqual(['conv fp16-refused-accumulation conv:0 65600']);
  });

  it('bounds partial sums of a ConvTranspose by those of a group', () => {
    const net = new Net();
    const up = net.op(
      'ConvTranspose',
      'up',
      ['x', net.constant('w', [64, 1, 4, 4], new Float32Array(1024).fill(0.25))],
      [intAttr('group', 64), intsAttr('strides', [2, 2])],
    );
    const built = net.model([1, 64, 4, 4], up);
    const facts = graphFacts(built);
    const found = (amax: number) =>
      facts.nodes.flatMap((node) =>
        fp16Hazards(facts, node, rangeFacts(new WeightScales(built), { x: [-amax, amax] })).map(
          ({ code, amaxReal }) => `${code} ${amaxReal}`,
        ),
      );
    expect(found(457)).toEqual([]);
    expect(found(20_000)).toContain('fp16-refused-accumulation 80000');
  });

  it('takes the sum of an average without negative terms from the average itself', () => {
    const coarse = 'relu fp16-coarse relu:0 9000';
    expect(hazardsOf(1, { 'relu:0': [0, 9000], 'pool:0': [0, 500] })).toEqual([coarse, 'pool fp16-coarse relu:0 9000']);
    expect(hazardsOf(1, { 'relu:0': [0, 9000], 'pool:0': [0, 4100] })).toEqual([
      coarse,
      'pool fp16-refused-accumulation pool:0 65600',
      'pool fp16-coarse relu:0 9000',
      'pool fp16-coarse pool:0 4100',
    ]);
    expect(hazardsOf(1, { 'relu:0': [0, 9000] })).toEqual([coarse, 'pool fp16-coarse relu:0 9000']);
  });

  it('puts coarse tensors of an FP16 layer into its decisions', () => {
    const built = model(1);
    const { decisions } = quantizeModel({
      model: built,
      target: 'tensorrt',
      plan: { layers: { conv: 'fp16' } },
      thresholds: {},
      ranges: { x: [-600, 600] },
    });
    expect(decisions.filter(({ layer }) => layer === 'conv')).toMatchObject([
      { precision: 'fp16', code: 'plan-fp16' },
      { precision: 'fp16', code: 'fp16-coarse', tensor: 'x' },
    ]);
  });
});
