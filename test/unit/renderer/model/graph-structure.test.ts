import { describe, expect, it } from 'vitest';
import {
  edgePlacements,
  graphStructure,
  layerRemarks,
  structureKey,
} from '../../../../src-renderer/panels/layers/graph-structure';
import { tensorIndex } from '../../../../src-renderer/panels/layers/layer-rows';
import { generatedModel } from '../../../support/generated-model';
import { modelOf } from '../../../support/small-models';
import { layerId } from '../../../../src-shared/base/brand';
import type { LayerView } from '../../../../src-shared/contract/views';

describe('graphStructure', () => {
  it('has inputs first, then layers, then outputs, and an edge for every use of a tensor', () => {
    const structure = graphStructure(modelOf({ x: [] }, { a: ['x'], b: ['a'], add: ['a', 'b'] }));
    expect(structure.nodes.map((node) => node.id)).toEqual([
      'input:x',
      'layer:a',
      'layer:b',
      'layer:add',
      'output:add',
    ]);
    expect(structure.edges.map(({ tensor, from, to }) => [tensor, from, to])).toEqual([
      ['x', 0, 1],
      ['a', 1, 2],
      ['a', 1, 3],
      ['b', 2, 3],
      ['add', 3, 4],
    ]);
  });

  it('keeps both edges of a layer that reads one tensor twice', () => {
    const { edges } = graphStructure(modelOf({ x: [] }, { square: ['x', 'x'] }));
    expect(edges.filter((edge) => edge.tensor === 'x')).toHaveLength(2);
    expect(new Set(edges.map((edge) => edge.id)).size).toBe(edges.length);
  });

  it('leaves out tensors that nothing in the model writes', () => {
    const { edges } = graphStructure(modelOf({}, { a: ['nowhere'] }));
    expect(edges.map((edge) => edge.tensor)).toEqual(['a']);
  });

  it('has one key whatever the plan is, and another for another structure', () => {
    const key = structureKey(graphStructure(generatedModel(40)));
    expect(structureKey(graphStructure(generatedModel(40, { layers: { conv_0: 'fp16' } })))).toBe(key);
    expect(structureKey(graphStructure(generatedModel(41)))).not.toBe(key);
  });
});

describe('edgePlacements', () => {
  const layerNamed = (name: string): LayerView => {
    const found = generatedModel(20).layers.find(({ layer }) => layer === name);
    if (found === undefined) throw new Error(`no layer ${name}`);
    return found;
  };

  it('has a reason for every edge: its own, or that of the layer which reads it', () => {
    for (const layer of generatedModel(200).layers)
      expect([...edgePlacements(layer).keys()]).toEqual([...new Set(layer.inputs)]);
    expect(edgePlacements(layerNamed('conv_1')).get('conv_0_out')).toMatchObject({
      isOwn: true,
      decision: { code: 'quantized-input' },
    });
    expect(edgePlacements(layerNamed('relu_2')).get('conv_1_out')).toMatchObject({
      isOwn: false,
      decision: { code: 'integer-kernel' },
    });
  });

  it('keeps a remark about FP16 apart from the decision about the same edge', () => {
    const conv = layerNamed('conv_1');
    const remark = {
      layer: layerId('conv_1'),
      op: 'Conv',
      precision: 'fp16',
      code: 'fp16-coarse',
      reason: 'steps of 0.5',
      tensor: 'conv_0_out',
    } as const;
    const elsewhere = { ...remark, code: 'fp16-refused-accumulation', tensor: 'conv_1_out' } as const;
    const layer: LayerView = { ...conv, edges: [...conv.edges, remark, elsewhere] };
    expect(edgePlacements(layer).get('conv_0_out')?.decision.code).toBe('quantized-input');
    const refused = { ...remark, precision: 'int8', code: 'fp16-refused-scale' } as const;
    expect(edgePlacements({ ...conv, edges: [...conv.edges, refused] }).get('conv_0_out')?.decision.code).toBe(
      'quantized-input',
    );
    expect(layerRemarks(layer)).toEqual([remark, elsewhere]);
    expect(layerRemarks(conv)).toEqual([]);
  });
});

describe('tensorIndex', () => {
  const index = tensorIndex(modelOf({ x: [] }, { a: ['x'], b: ['a', 'a'], c: ['a'] }));

  it('knows who writes and who reads a tensor, each reader once', () => {
    expect(index.producerOf('a')).toBe('a');
    expect(index.readersOf('a')).toEqual(['b', 'c']);
    expect(index.producerOf('x')).toBeUndefined();
    expect(index.readersOf('c')).toEqual([]);
  });

  it('knows the inputs and outputs of the model', () => {
    expect([
      index.isModelInput('x'),
      index.isModelInput('a'),
      index.isModelOutput('c'),
      index.isModelOutput('a'),
    ]).toEqual([true, false, true, false]);
  });
});
