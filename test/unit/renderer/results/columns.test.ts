import { describe, expect, it } from 'vitest';
import {
  barFraction,
  columnScale,
  filledColumns,
  formatRelativeChange,
  RESULT_COLUMNS,
  screenColumns,
  type ColumnId,
  type ResultColumn,
} from '../../../../src-renderer/features/results/columns';
import { FP32, MIXED } from './records';

const ROWS = [FP32, MIXED];

function column(id: ColumnId): ResultColumn {
  const found = RESULT_COLUMNS.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no column ${id}`);
  return found;
}

describe('columns', () => {
  it('shows the columns that any row fills', () => {
    expect(filledColumns(ROWS).map(({ id }) => id)).toEqual([
      'top1',
      'difference',
      'worstGroup',
      'agreement',
      'sqnr',
      'latency',
      'size',
    ]);
  });

  it('puts p99 below the median on the screen', () => {
    const latency = {
      mean: 1,
      median: 1,
      p90: 1,
      p95: 1,
      p99: 4.23,
      min: 1,
      max: 5,
      coefficientOfVariation: 0,
      samples: 9,
    };
    const row = { ...MIXED, latency };
    expect(filledColumns([row]).map(({ id }) => id)).toContain('p99');
    expect(screenColumns([row]).map(({ id }) => id)).not.toContain('p99');
    expect(column('latency').detail(row)).toBe('p99 4.23 ms');
  });

  it('has no agreement of FP32 with itself', () => {
    expect(column('agreement').value(FP32)).toBeNull();
    expect(column('agreement').value(MIXED)).toBe(97);
  });

  it('writes the interval and the worst group below the value', () => {
    expect(column('difference').detail(MIXED)).toBe('−2.50 … −0.50');
    expect(column('worstGroup').detail(MIXED)).toBe('night');
    expect(column('difference').detail(FP32)).toBe('');
  });
});

describe('speed', () => {
  const slower = { ...MIXED, ratioToFp32: { median: 1.15, p10: 1.1, p90: 1.2 } };
  const slowest = { ...MIXED, variant: 'int8', ratioToFp32: { median: 1.4 } };

  it('is said in words, with the spread where there is one', () => {
    expect(column('ratio').format(1.15, slower)).toBe('1.15x slower');
    expect(column('ratio').detail(slower)).toBe('1.10x to 1.20x');
    expect(column('ratio').detail(slowest)).toBe('');
    expect(column('ratio').format(0.308)).toBe('3.2x faster');
    expect(column('ratio').format(1.01, { ...MIXED, ratioToFp32: { median: 1.01, p10: 0.97, p90: 1.05 } })).toBe(
      'equally fast',
    );
  });

  it('is never the best of its column when it is slower than FP32', () => {
    expect(columnScale(column('ratio'), [slower, slowest]).best).toBeNull();
    const faster = { ...MIXED, variant: 'fp16', ratioToFp32: { median: 0.8 } };
    expect(columnScale(column('ratio'), [slower, faster]).best).toBe(0.8);
  });
});

describe('sqnr', () => {
  it('names the output that it is that of, where there are several', () => {
    const outputs = [
      { name: 'boxes', sqnrDb: 41.4 },
      { name: 'logits', sqnrDb: 27.4 },
    ];
    expect(column('sqnr').detail({ ...MIXED, outputs })).toBe('logits');
    expect(column('sqnr').detail({ ...MIXED, outputs: outputs.slice(0, 1) })).toBe('');
  });
});

describe('columnScale', () => {
  it('takes the largest accuracy and the smallest cost as best', () => {
    expect(columnScale(column('top1'), ROWS).best).toBe(97);
    expect(columnScale(column('latency'), ROWS).best).toBe(0.1);
    expect(columnScale(column('difference'), ROWS).best).toBeNull();
  });

  it('marks nothing as best when all rows are equal or only one has a value', () => {
    expect(columnScale(column('top1'), [FP32, { ...MIXED, top1: 97 }]).best).toBeNull();
    expect(columnScale(column('sqnr'), ROWS).best).toBeNull();
  });

  it('draws costs from 0 and accuracies from just below the worst', () => {
    const cost = columnScale(column('latency'), ROWS);
    expect(barFraction(cost, 0.1)).toBeCloseTo(0.5, 12);
    const accuracy = columnScale(column('top1'), ROWS);
    expect(barFraction(accuracy, 97)).toBe(1);
    expect(barFraction(accuracy, 95.5)).toBeCloseTo(1 / 2.5, 12);
    expect(barFraction(accuracy, null)).toBe(0);
  });
});

describe('changes', () => {
  it('writes sign and unit', () => {
    expect(formatRelativeChange(0.2, 0.25)).toBe('+25.0\u00a0%');
    expect(formatRelativeChange(0.2, 0.19)).toBe('−5.0\u00a0%');
    expect(formatRelativeChange(0, 1)).toBe('n/a');
    expect(column('sqnr').formatChange(5.8, 19.5)).toBe('+13.7 dB');
    expect(column('sqnr').formatChange(19.5, 5.8)).toBe('−13.7 dB');
    expect(column('top1').formatChange(95, 96.5)).toBe('+1.50 pp');
  });
});
