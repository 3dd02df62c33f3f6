import { describe, expect, it } from 'vitest';
import { findBlocks, inFloat32 } from '../../../../src-main/quantization/learning/blocks';
import { placeQdq } from '../../../../src-main/quantization/rewrite/quantize';
import { graphFacts } from '../../../../src-main/quantization/rules/graph-facts';
import { layerId } from '../../../../src-shared/base/brand';
import { EMPTY_PLAN } from '../../../../src-shared/domain/project/precision';
import type { Model } from '../../../../src-main/onnx/graph/model';
import { Net } from '../graphs';

/** `count` convolutions with Relu one after the other, then two heads that read the last one. */
function chain(count: number): Model {
  const net = new Net();
  let tensor = 'x';
  for (let i = 0; i < count; i++) tensor = net.op('Relu', `r${i}`, [net.conv(`c${i}`, tensor, i === 0 ? 3 : 16, 16)]);
  const heads = ['box', 'score'].map((name) => net.conv(name, tensor, 16, 16));
  return net.model([1, 3, 4, 4], net.op('Concat', 'cat', heads));
}

function blocksOf(model: Model) {
  return findBlocks(graphFacts(model), placeQdq(model, EMPTY_PLAN, 'tensorrt'));
}

describe('findBlocks', () => {
  const model = chain(16);
  const blocks = blocksOf(model);

  it('has every layer in one block, in order', () => {
    expect(blocks.flatMap(({ layers }) => layers)).toEqual(graphFacts(model).nodes.map(({ name }) => name));
    expect(blocks.length).toBeGreaterThan(3);
  });

  it('never separates a layer from its activation function', () => {
    for (const { layers } of blocks.slice(0, -1)) expect(layers.at(-1)).toMatch(/^r/);
  });

  it('reads what the blocks in front of it leave', () => {
    expect(blocks[0]?.inputs).toEqual(['x']);
    for (const [i, block] of blocks.entries()) if (i > 0) expect(block.inputs).toEqual(blocks[i - 1]?.live);
  });

  it('compares the parts of an output before they are put together', () => {
    expect(blocks.at(-1)?.outputs).toHaveLength(2);
    expect(blocks.at(-1)?.live).toEqual([]);
  });
});

describe('inFloat32', () => {
  it('replaces FP16 and nothing else', () => {
    const plan = { ...EMPTY_PLAN, layers: { [layerId('a')]: 'fp16' as const, [layerId('b')]: 'int8' as const } };
    expect(inFloat32(plan)).toEqual({ layers: { a: 'fp32', b: 'int8' }, fallbackPrecision: 'fp32' });
  });
});
