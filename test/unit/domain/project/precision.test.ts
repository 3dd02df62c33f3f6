import { describe, expect, it } from 'vitest';
import { object, parse } from '../../../../src-shared/base/schema';
import {
  allInt8,
  releasedPlan,
  hasRepair,
  isRescaled,
  planJson,
  planSchema,
  withRepair,
  withSmoothing,
  type PrecisionPlan,
} from '../../../../src-shared/domain/project/precision';
import { parseVariant, planOfVariant } from '../../../../src-shared/domain/project/variant';

const parsedPlan = (plan: unknown): PrecisionPlan => parse(object({ plan: planSchema }), { plan }).plan;
const PLAN: PrecisionPlan = { layers: { a: 'fp16' }, fallbackPrecision: 'fp32' };

describe('repairs of a plan', () => {
  it('are off when absent, and leave no trace when they are switched off again', () => {
    expect(hasRepair(PLAN, 'equalization')).toBe(false);
    const one = withRepair(PLAN, 'equalization', true);
    const both = withRepair(one, 'biasCorrection', true);
    expect(both).toEqual({ ...PLAN, repairs: { equalization: true, biasCorrection: true } });
    expect(withRepair(both, 'equalization', false)).toEqual({ ...PLAN, repairs: { biasCorrection: true } });
    expect(withRepair(one, 'equalization', false)).toEqual(PLAN);
  });

  it('give up the factors of smoothing when equalization is switched, and only then', () => {
    const smoothed = withSmoothing(withRepair(PLAN, 'equalization', true), 'key');
    expect(smoothed.repairs).toEqual({ equalization: true, smoothing: 'key' });
    expect(isRescaled(withSmoothing(PLAN, 'key'))).toBe(true);
    expect(withRepair(smoothed, 'biasCorrection', true).repairs).toEqual({ ...smoothed.repairs, biasCorrection: true });
    expect(withRepair(smoothed, 'equalization', true)).toEqual(smoothed);
    expect(withRepair(smoothed, 'equalization', false)).toEqual(PLAN);
    expect(withSmoothing(smoothed, null).repairs).toEqual({ equalization: true });
  });

  it('belong to INT8: a variant without it has none', () => {
    const plan = withRepair(PLAN, 'biasCorrection', true);
    const repairsOf = (variant: string) => planOfVariant(parseVariant(variant), plan, []).repairs;
    expect(['int8', 'int8-minmax', 'mixed'].map(repairsOf)).toEqual([
      { biasCorrection: true },
      { biasCorrection: true },
      { biasCorrection: true },
    ]);
    expect(['fp16', 'fp32'].map(repairsOf)).toEqual([undefined, undefined]);
  });

  it('are parsed, in plans of before too', () => {
    expect(parsedPlan({ layers: {} })).toEqual({ layers: {} });
    expect(parsedPlan({ layers: {}, repairs: { equalization: true } })).toEqual({
      layers: {},
      repairs: { equalization: true },
    });
    expect(() => parsedPlan({ layers: {}, repairs: { equalization: 'yes' } })).toThrow(/plan\.repairs\.equalization/);
  });
});

describe('the fallback precision of a plan', () => {
  it('is read from files that name it rest, and keeps its present name where both are there', () => {
    expect(parsedPlan({ layers: { a: 'fp16' }, rest: 'fp32' })).toEqual(PLAN);
    expect(parsedPlan({ layers: {}, rest: 'fp16', fallbackPrecision: 'fp32' })).toEqual({
      layers: {},
      fallbackPrecision: 'fp32',
    });
    expect(() => parsedPlan({ layers: {}, rest: 'int8' })).toThrow(/plan\.fallbackPrecision/);
  });

  it('is printed under both names', () => {
    expect(planJson(PLAN)).toEqual({ ...PLAN, rest: 'fp32' });
    expect(planJson({ layers: {} })).toEqual({ layers: {} });
  });
});

it('releases layers on top of a plan', () => {
  expect(releasedPlan({ layers: { a: 'fp32' }, attention: 'int8' }, ['b']).layers).toEqual({ a: 'fp32', b: 'fp16' });
});

it('keeps the layers that are INT8 by name when it takes released layers back', () => {
  const plan = { layers: { a: 'fp32', b: 'int8', c: 'fp16' }, attention: 'int8' } as const;
  expect(allInt8(plan)).toEqual({ layers: { b: 'int8' }, attention: 'int8' });
});
