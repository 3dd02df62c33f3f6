import { describe, expect, it } from 'vitest';
import {
  rankableDb,
  scoreOf,
  operandTrials,
  sensitivityTrial,
  sorted,
  type SensitivityProblem,
} from '../../../src-main/analysis/sensitivity';
import type { TrialQuality } from '../../../src-shared/domain/analysis/analysis';

const quality = (own: Partial<TrialQuality>): TrialQuality => ({
  nmse: 0.1,
  sqnrDb: 10,
  worstGroupNmse: null,
  agreement: 90,
  top1: 80,
  worstGroup: { name: 'night', top1: 70 },
  groupTop1: {},
  ...own,
});
const layers = ['a', 'b', 'c'].map((layer) => ({ layer, op: 'Conv', output: `${layer}_out`, hasWeights: true }));
const problem: SensitivityProblem = {
  kind: 'release',
  metric: 'sqnr',
  base: { plan: { layers: {}, fallbackPrecision: 'fp16' }, thresholds: { t: 1 } },
  layers,
};

describe('sensitivityTrial', () => {
  it('release: everything INT8 but the layer', () => {
    expect(sensitivityTrial(problem, 'b')).toEqual({
      thresholds: { t: 1 },
      plan: { layers: { b: 'fp16' }, fallbackPrecision: 'fp16' },
    });
  });

  it('cause: everything FP32 but the layer', () => {
    expect(sensitivityTrial({ ...problem, kind: 'cause' }, 'b').plan).toEqual({
      layers: { a: 'fp32', b: 'int8', c: 'fp32' },
      fallbackPrecision: 'fp32',
    });
  });
});

describe('operandTrials', () => {
  it('quantizes the weights and the input of the layer apart, and no other layer, whatever the question', () => {
    const plan = { layers: { a: 'fp32', b: 'int8', c: 'fp32' }, fallbackPrecision: 'fp32' };
    expect(operandTrials(problem, 'b')).toEqual([
      { plan, thresholds: { t: 1 }, only: 'weights' },
      { plan, thresholds: { t: 1 }, only: 'input' },
    ]);
  });
});

describe('scoreOf', () => {
  const [before, after] = [
    quality({}),
    quality({ sqnrDb: 14, top1: 85, worstGroup: { name: 'night', top1: 78 }, agreement: 95 }),
  ];

  it('release: what is won back, in the unit of the metric', () => {
    expect(scoreOf('release', 'sqnr', after, before)).toBe(4);
    expect(scoreOf('release', 'top1', after, before)).toBe(5);
    expect(scoreOf('release', 'worst-group', after, before)).toBe(8);
    expect(scoreOf('release', 'agreement', after, before)).toBe(5);
  });

  it('cause: what is lost against FP32, which has no finite SQNR', () => {
    const fp32 = quality({ sqnrDb: null, top1: 88 });
    expect(scoreOf('cause', 'top1', before, fp32)).toBe(8);
    expect(scoreOf('cause', 'sqnr', before, fp32)).toBe(-10);
  });

  it('ranks what has no error last, and what has nothing but error first, with numbers that JSON knows', () => {
    expect(rankableDb(null)).toBe(300);
    expect(scoreOf('cause', 'sqnr', quality({ sqnrDb: null }), before)).toBe(-300);
    expect(scoreOf('cause', 'sqnr', quality({ sqnrDb: Number.NEGATIVE_INFINITY }), before)).toBe(300);
  });
});

it('sorts by score, equal ones in graph order', () => {
  const entry = (layer: string, score: number) => ({
    layer,
    op: 'Conv',
    score,
    metric: 'sqnr' as const,
    quality: null,
    sqnrDb: -score,
  });
  expect(sorted([entry('a', 1), entry('b', 3), entry('c', 1)]).map(({ layer }) => layer)).toEqual(['b', 'a', 'c']);
});
