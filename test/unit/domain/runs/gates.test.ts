import { describe, expect, it } from 'vitest';
import { areGatesMet, type Baseline, evaluateGates, judgeRun } from '../../../../src-shared/domain/runs/gates';
import type { Gates } from '../../../../src-shared/domain/project/gates';
import type { TableRow } from '../../../../src-shared/domain/runs/run-record';

const NONE: Gates = { maxTop1Drop: null, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null };
/** A classification with top-1 in percent. */
const top1 = (value: number): Pick<TableRow, 'top1' | 'measure'> => ({
  top1: value,
  measure: { name: 'top-1', value, higherIsBetter: true },
});
const FP32: TableRow = {
  variant: 'fp32',
  backend: 'ort-cpu',
  ...top1(97.05),
  latencyMs: 2,
  groupMeasure: { day: 99.9, night: 94.2 },
};
const INT8: TableRow = {
  variant: 'int8',
  backend: 'ort-cpu',
  ...top1(96.55),
  latencyMs: 1.1,
  groupMeasure: { day: 99.8, night: 93.3 },
};

describe('evaluateGates', () => {
  it('judges nothing when no gate is set', () => {
    expect(evaluateGates(NONE, [FP32, INT8], ['int8'])).toEqual([]);
    expect(areGatesMet([])).toBe(true);
  });

  it('meets a drop that is exactly the limit, whatever the rounding', () => {
    for (let right = 1000; right <= 2000; right += 1) {
      // Six images of 2000 are lost: 0.3 points, but for many counts the subtraction gives a little more.
      const rows = [
        { ...FP32, ...top1((100 * right) / 2000) },
        { ...INT8, ...top1((100 * (right - 6)) / 2000) },
      ];
      const [gate] = evaluateGates({ ...NONE, maxTop1Drop: 0.3 }, rows, ['int8']);
      expect(gate?.met, `${right} right`).toBe(true);
    }
  });

  it('takes the largest drop of any group, not the lowest group', () => {
    const rows = [FP32, { ...INT8, groupMeasure: { day: 95, night: 94.2 } }];
    expect(evaluateGates({ ...NONE, maxWorstGroupDrop: 1 }, rows, ['int8'])).toEqual([
      {
        name: 'maxWorstGroupDrop',
        limit: 1,
        variant: 'int8',
        value: expect.closeTo(4.9) as number,
        met: false,
        state: 'missed',
        group: 'day',
        measure: 'top-1',
        statistics: { test: 'single', isBeyondChance: false },
      },
    ]);
  });

  it('judges floor and latency of each shipped variant', () => {
    const results = evaluateGates({ ...NONE, minTop1: 97, maxLatencyMs: 1.5 }, [FP32, INT8], ['int8', 'fp32']);
    expect(results.map(({ name, variant, met }) => [variant, name, met])).toEqual([
      ['int8', 'minTop1', false],
      ['int8', 'maxLatencyMs', true],
      ['fp32', 'minTop1', true],
      ['fp32', 'maxLatencyMs', false],
    ]);
    expect(areGatesMet(results)).toBe(false);
  });

  it.each<[string, Partial<Gates>, readonly TableRow[], string]>([
    ['no labels', { minTop1: 90 }, [{ variant: 'int8', backend: 'ort-cpu' }], 'no labels'],
    ['no groups', { maxWorstGroupDrop: 1 }, [FP32, { variant: 'int8', backend: 'ort-cpu', ...top1(90) }], 'no groups'],
    ['no FP32', { maxTop1Drop: 1 }, [INT8], 'FP32 was not validated'],
    [
      'a group FP32 lacks',
      { maxWorstGroupDrop: 1 },
      [{ ...FP32, groupMeasure: { day: 99 } }, INT8],
      'no result for group night',
    ],
    ['no benchmark', { maxLatencyMs: 1 }, [{ variant: 'int8', backend: 'ort-cpu' }], 'not benchmarked'],
    ['no such variant', { minTop1: 1 }, [FP32], 'int8 is not in the table'],
  ])('does not meet what cannot be judged: %s', (_, gates, rows, reason) => {
    const [result] = evaluateGates({ ...NONE, ...gates }, rows, ['int8']);
    expect(result).toMatchObject({ met: false, value: null });
    expect(result?.state).toBe('unjudged');
    expect(result?.reason).toContain(reason);
  });

  it.each([
    [null, 'no-set'],
    [{ classCount: 0 }, 'no-classification'],
    [{ classCount: 10 }, 'no-labels'],
    [undefined, 'no-labels'],
  ] as const)('says why there is no top-1: validation %j', (validation, code) => {
    const rows: readonly TableRow[] = [{ variant: 'int8', backend: 'ort-cpu' }];
    const results = evaluateGates(
      { ...NONE, minTop1: 90, maxTop1Drop: 1, maxWorstGroupDrop: 1 },
      rows,
      ['int8'],
      validation,
    );
    expect(results.map(({ reasonCode }) => reasonCode)).toEqual([code, code, code]);
    expect(results.map(({ reason }) => reason).join()).not.toContain('calib ');
    expect(areGatesMet(results)).toBe(false);
  });

  describe('by the measure of another task', () => {
    const ap = (variant: string, value: number, changes: Partial<TableRow> = {}): TableRow => ({
      variant,
      backend: 'ort-cpu',
      measure: { name: 'AP', value, higherIsBetter: true },
      ...changes,
    });
    const detection = { task: { kind: 'embedding', output: 'x' }, classCount: 0 } as const;

    it('judges drop, least value and the class that lost most, in points', () => {
      const rows = [ap('fp32', 35.5), ap('int8', 23.5, { worstClass: { label: 3, name: 'cat', drop: 20 } })];
      const limits = { ...NONE, maxDrop: 12, minMeasure: 30, maxClassDrop: 19.5 };
      expect(evaluateGates(limits, rows, ['int8'], detection)).toMatchObject([
        { name: 'maxDrop', limit: 12, variant: 'int8', value: 12, met: true, measure: 'AP' },
        { name: 'maxClassDrop', limit: 19.5, variant: 'int8', value: 20, met: false, className: 'cat', measure: 'AP' },
        { name: 'minMeasure', limit: 30, variant: 'int8', value: 23.5, met: false, measure: 'AP' },
      ]);
    });
    it('takes gates on top-1 for gates on the measure', () => {
      const [drop, least] = evaluateGates(
        { ...NONE, maxTop1Drop: 1, minTop1: 30 },
        [ap('fp32', 35), ap('int8', 34.5)],
        ['int8'],
        detection,
      );
      expect([drop, least]).toMatchObject([
        { name: 'maxTop1Drop', value: 0.5, met: true },
        { name: 'minTop1', value: 34.5, met: true },
      ]);
    });
    it('turns round for a metric of which less is better', () => {
      const error = (variant: string, value: number): TableRow =>
        ap(variant, 0, { measure: { name: 'error', value, higherIsBetter: false }, groupMeasure: { night: value } });
      const limits = { ...NONE, maxDrop: 1, minMeasure: 5, maxWorstGroupDrop: 1 };
      const results = evaluateGates(limits, [error('fp32', 3), error('int8', 4.5)], ['int8'], detection);
      expect(results.map(({ name, value, met }) => [name, value, met])).toEqual([
        ['maxDrop', 1.5, false],
        ['maxWorstGroupDrop', 1.5, false],
        ['minMeasure', 4.5, true],
      ]);
    });
    it('repeats why there is no measure', () => {
      const validation = { task: null, classCount: 0, noMeasure: { code: 'no-task', message: 'no task' } } as const;
      const rows: readonly TableRow[] = [{ variant: 'int8', backend: 'ort-cpu' }];
      const [gate] = evaluateGates({ ...NONE, maxDrop: 1 }, rows, ['int8'], validation);
      expect(gate).toMatchObject({ value: null, met: false, reason: 'no task', reasonCode: 'no-measure' });
    });
  });
});

describe('the test behind a verdict', () => {
  const latency = {
    mean: 1.1,
    median: 1.1,
    p99: 1.4,
    min: 1,
    max: 2,
    coefficientOfVariation: 0.1,
    samples: 400,
    medianInterval95: [1.08, 1.12],
    p99Interval95: [1.3, 1.6],
  } as const;
  const row: TableRow = {
    ...INT8,
    latency,
    throughputPerSecond: 900,
    sizeMb: 2,
    memoryMb: 30,
    comparedToFp32: { top1Difference: -0.5, interval95: [-0.9, -0.1], mcnemarP: 0.02 },
    difference: { value: -0.5, interval95: [-0.9, -0.1] },
  };
  const validation = {
    images: 2000,
    classCount: 10,
    variants: [
      {
        variant: 'int8',
        groups: {
          day: { images: 1000, worseImages: 2, betterImages: 1 },
          night: { images: 1000, worseImages: 14, betterImages: 5 },
        },
        classes: [{ label: 3, images: 50, top1: 90, worseImages: 9, betterImages: 0 }],
      },
    ],
  };
  const statisticsOf = (gates: Partial<Gates>) =>
    evaluateGates({ ...NONE, ...gates }, [FP32, row], ['int8'], validation)[0]?.statistics;

  it("compares a drop with FP32 by McNemar's test", () => {
    expect(statisticsOf({ maxDrop: 0.1 })).toEqual({
      test: 'mcnemar',
      p: 0.02,
      interval95: [0.1, 0.9],
      images: 2000,
      isBeyondChance: true,
    });
  });

  it('corrects the test of the worst group for the number of groups', () => {
    // Two-sided binomial of 14 and 5 images: p = 0.0636; the worst of two groups: 0.127.
    expect(statisticsOf({ maxWorstGroupDrop: 0.5 })).toEqual({
      test: 'mcnemar',
      p: expect.closeTo(0.12713623) as number,
      parts: 2,
      images: 1000,
      isBeyondChance: false,
    });
  });

  it.each<[Partial<Gates>, boolean]>([
    [{ maxP99LatencyMs: 1.2 }, true],
    [{ maxP99LatencyMs: 1.35 }, false],
    [{ maxLatencyMs: 1.07 }, true],
    [{ maxLatencyMs: 1.11 }, false],
    // 96.55 % of 2000 images: from 95.66 to 97.26 %.
    [{ minTop1: 97.5 }, true],
    [{ minTop1: 97 }, false],
    [{ minThroughput: 800 }, true],
    [{ minThroughput: 905 }, false],
    [{ maxSizeMb: 1 }, true],
    [{ maxMemoryMb: 1 }, false],
  ])('compares a value with its limit: %j', (gates, isBeyondChance) => {
    expect(statisticsOf(gates)?.isBeyondChance).toBe(isBeyondChance);
  });

  describe('against a baseline', () => {
    const baseline: Baseline = {
      runId: '20261121T070812345Z-a1b2c3',
      rows: [FP32, { ...row, ...top1(97), latencyMs: 1, latency: { ...latency, medianInterval95: [0.99, 1.01] } }],
      shipped: ['int8'],
      validation,
      isSameHardware: true,
      isSameValidation: true,
    };
    const judged = (name: string, margin: number, changes: Partial<Baseline> = {}, isPercent?: true) =>
      judgeRun(
        {
          gates: NONE,
          baselineGates: { [name]: { margin, ...(isPercent ? { isPercent } : {}) } },
          baseline: { ...baseline, ...changes },
        },
        { rows: [FP32, row], validation },
        ['int8'],
      )[0];

    it('takes the limit from the value of the baseline', () => {
      expect(judged('maxLatencyMs', 5, {}, true)).toMatchObject({
        limit: 1.05,
        value: 1.1,
        state: 'missed',
        baseline: { runId: baseline.runId, value: 1, margin: 5, isPercent: true },
        statistics: { test: 'separate-intervals', isBeyondChance: true },
      });
      expect(judged('maxLatencyMs', 0.2)).toMatchObject({ limit: 1.2, state: 'met' });
      expect(judged('minTop1', 0.5)).toMatchObject({ limit: 96.5, state: 'met' });
      // The shares of both runs lie within the interval of the other one.
      expect(judged('minTop1', 0.2)).toMatchObject({ state: 'missed', statistics: { isBeyondChance: false } });
    });

    it.each([
      ['maxLatencyMs', { isSameHardware: false }, 'other-hardware'],
      ['minTop1', { isSameValidation: false }, 'other-images'],
      ['maxLatencyMs', { rows: [FP32, { ...INT8, latencyMs: 1 }], shipped: ['mixed'] }, undefined],
      ['maxP99LatencyMs', { rows: [FP32, INT8] }, 'no-baseline-value'],
    ] as const)('does not judge %s against a run that cannot be compared', (name, changes, code) => {
      expect(judged(name, 1, changes)?.reasonCode).toBe(code);
    });

    it('is not judged without a baseline', () => {
      const [gate] = judgeRun(
        { gates: NONE, baselineGates: { maxSizeMb: { margin: 0 } } },
        { rows: [FP32, row], validation },
        ['int8'],
      );
      expect(gate).toMatchObject({ state: 'unjudged', met: false, limit: null, reasonCode: 'no-baseline' });
    });
  });
});
