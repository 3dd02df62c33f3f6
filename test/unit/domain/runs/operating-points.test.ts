import { describe, expect, it } from 'vitest';
import { summarizeLatency } from '../../../../src-shared/domain/runs/latency';
import { operatingPoints } from '../../../../src-shared/domain/runs/operating-points';
import type { BenchmarkVariantRecord, TableRow } from '../../../../src-shared/domain/runs/run-record';

const timed = (variant: string, batch: number, medianMs: number, streams = 1): BenchmarkVariantRecord => ({
  variant,
  batch,
  streams,
  latencyMs: summarizeLatency([medianMs]),
  throughputPerSecond: (1000 * batch) / medianMs,
  sizeMb: 1,
  coefficientOfVariation: 0,
});
const row = (variant: string, facts: Partial<TableRow>): TableRow => ({ variant, backend: 'tensorrt', ...facts });
const measure = (value: number, higherIsBetter = true) => ({ measure: { name: 'top-1', value, higherIsBetter } });

const benchmark = (...variants: BenchmarkVariantRecord[]) => ({
  backend: 'tensorrt' as const,
  device: 'GPU',
  threads: 1,
  rounds: 1,
  variants,
});
const front = (table: readonly TableRow[], ...variants: BenchmarkVariantRecord[]) =>
  operatingPoints({ benchmark: benchmark(...variants), table, shipped: [] }).map(({ entry, isPareto }) => [
    entry.variant,
    entry.batch,
    isPareto,
  ]);

describe('operating points', () => {
  const TIMES = [timed('fp32', 1, 4), timed('fp16', 1, 2), timed('int8', 1, 3), timed('fp16', 8, 8)];

  it('are on the front unless another one is faster, has more throughput and is as accurate', () => {
    const table = [row('fp32', measure(90)), row('fp16', measure(90)), row('int8', measure(89))];
    expect(front(table, ...TIMES)).toEqual([
      ['fp16', 1, true],
      ['int8', 1, false],
      ['fp32', 1, false],
      ['fp16', 8, true],
    ]);
  });

  it('respect the direction of the measure', () => {
    const table = [row('fp32', measure(1, false)), row('fp16', measure(2, false)), row('int8', measure(0.5, false))];
    expect(front(table, ...TIMES).map(([, , isPareto]) => isPareto)).toEqual([true, true, false, true]);
  });

  it('use the agreement with FP32, then the error, where there is no measure', () => {
    const agree = [row('fp32', {}), row('fp16', { agreement: 99 }), row('int8', { agreement: 98 })];
    expect(front(agree, ...TIMES).map(([, , isPareto]) => isPareto)).toEqual([true, false, true, true]);
    const errors = [row('fp32', {}), row('fp16', { outputSqnrDb: 60 }), row('int8', { outputSqnrDb: 61 })];
    expect(front(errors, ...TIMES).map(([, , isPareto]) => isPareto)).toEqual([true, true, true, true]);
  });

  it('are none without an accuracy of every variant, or for one point', () => {
    expect(front([row('fp32', measure(90))], ...TIMES)).toEqual([]);
    expect(front([row('fp16', measure(90))], timed('fp16', 1, 2))).toEqual([]);
  });
});
