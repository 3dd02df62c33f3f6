import { describe, expect, it } from 'vitest';
import { layerId } from '../../../../src-shared/base/brand';
import { parseVariant, planOfVariant, sparseVariantOf } from '../../../../src-shared/domain/project/variant';

const LAYERS = [layerId('a'), layerId('b')];
const PLAN = { layers: { a: 'fp16' } } as const;

describe('parseVariant', () => {
  it.each([
    ['fp32', 'fp32', null],
    ['fp16', 'fp16', null],
    ['int8', 'int8', null],
    ['mixed', 'mixed', null],
    ['int8-minmax', 'int8', 'minmax'],
    ['int8-entropy', 'int8', 'entropy'],
    ['int8-percentile', 'int8', 'percentile'],
    ['mixed-mse', 'mixed', 'mse'],
    ['fp8', 'fp8', null],
    ['w4', 'w4', null],
  ])('%s', (text, kind, method) => {
    expect(parseVariant(text)).toEqual({ text, kind, method });
  });

  it('reads the names of pruned copies', () => {
    expect(parseVariant('int8-mse-sparse')).toEqual({
      text: 'int8-mse-sparse',
      kind: 'int8',
      method: 'mse',
      isSparse: true,
    });
    expect(['fp16', 'int8-mse', 'fp8', 'as-imported', 'fp16-sparse'].map(sparseVariantOf)).toEqual([
      'fp16-sparse',
      'int8-mse-sparse',
      null,
      null,
      null,
    ]);
  });

  it.each([
    '',
    'int4',
    'fp8-sparse',
    'fp16-sparse-sparse',
    '-sparse',
    'INT8',
    'int8-',
    'int8-manual',
    'fp32-entropy',
    'int8-entropy-x',
    '-entropy',
  ])('refuses "%s" and says what it found', (text) => {
    expect(() => parseVariant(text)).toThrow(`found "${text}"`);
  });
});

describe('planOfVariant', () => {
  it('asks the same of every layer, but for mixed', () => {
    expect(planOfVariant(parseVariant('fp32'), PLAN, LAYERS)).toEqual({ layers: { a: 'fp32', b: 'fp32' } });
    expect(planOfVariant(parseVariant('fp16'), PLAN, LAYERS)).toEqual({ layers: { a: 'fp16', b: 'fp16' } });
    expect(planOfVariant(parseVariant('int8-mse'), PLAN, LAYERS)).toEqual({ layers: {} });
    expect(planOfVariant(parseVariant('mixed-entropy'), PLAN, LAYERS)).toBe(PLAN);
    expect(planOfVariant(parseVariant('as-imported'), PLAN, LAYERS)).toBe(PLAN);
  });

  it('leaves what a format below INT8 does not take to the fallback precision', () => {
    const plan = { ...PLAN, fallbackPrecision: 'fp32', repairs: { biasCorrection: true } } as const;
    expect(planOfVariant(parseVariant('fp8'), plan, LAYERS)).toEqual({ layers: {}, fallbackPrecision: 'fp32' });
    expect(planOfVariant(parseVariant('w4'), PLAN, LAYERS)).toEqual({ layers: {} });
  });

  it('keeps INT8 that was asked for by name in a mixed plan', () => {
    const asked = { ...PLAN, layers: { ...PLAN.layers, b: 'int8' as const } };
    expect(planOfVariant(parseVariant('mixed'), asked, LAYERS)).toEqual(asked);
  });
});
