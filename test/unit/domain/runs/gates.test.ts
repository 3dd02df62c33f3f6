import { describe, expect, it } from 'vitest';
import { areGatesMet, evaluateGates, gateState } from '../../../../src-shared/domain/runs/gates';
import type { Gates } from '../../../../src-shared/domain/project/project';
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
        group: 'day',
        measure: 'top-1',
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
    expect(result && gateState(result)).toBe('not-judged');
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
      expect(evaluateGates(limits, rows, ['int8'], detection)).toEqual([
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

  it('tells met, missed and not judged apart', () => {
    expect(
      [
        { value: 1, met: true },
        { value: 1, met: false },
        { value: null, met: false },
      ].map(gateState),
    ).toEqual(['met', 'missed', 'not-judged']);
  });
});
