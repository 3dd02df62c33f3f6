import { describe, expect, it } from 'vitest';
import type { VariantReport } from '../../../../src-shared/domain/runs/accuracy';
import { summarizeLatency } from '../../../../src-shared/domain/runs/latency';
import type { BenchmarkVariantRecord } from '../../../../src-shared/domain/runs/run-record';
import { buildTable, distinctRows } from '../../../../src-shared/domain/runs/run-table';

const REPORT: VariantReport = {
  variant: 'int8',
  backend: 'ort-cpu',
  top1: 96,
  measure: { name: 'top-1', value: 96, higherIsBetter: true },
  groups: {
    day: { images: 2, top1: 99, measure: 99 },
    night: { images: 2, top1: 93, measure: 93 },
    dusk: { images: 1, agreement: 100 },
  },
  classes: [],
  confusions: [],
  worstImages: [],
  outputs: [],
};
const BENCH: BenchmarkVariantRecord = {
  variant: 'int8',
  batch: 1,
  streams: 1,
  latencyMs: summarizeLatency([1, 2, 9]),
  throughputPerSecond: 250,
  memoryMb: 4,
  sizeMb: 0.2,
  coefficientOfVariation: 0.01,
};

describe('buildTable', () => {
  it('joins accuracy and latency by variant', () => {
    const [row] = buildTable({
      validation: { variants: [REPORT] },
      benchmark: { backend: 'ort-cpu', variants: [BENCH] },
    });
    expect(row).toEqual({
      variant: 'int8',
      backend: 'ort-cpu',
      latencyMs: 2,
      latency: BENCH.latencyMs,
      throughputPerSecond: 250,
      memoryMb: 4,
      sizeMb: 0.2,
      top1: 96,
      measure: REPORT.measure,
      worstGroup: { name: 'night', measure: 93, top1: 93 },
      groupMeasure: { day: 99, night: 93 },
      groupTop1: { day: 99, night: 93 },
    });
  });

  it('names the class that lost most', () => {
    const perClass = [
      { label: 0, truths: 3, value: 40, fp32: 50, difference: -10 },
      { label: 4, name: 'cat', truths: 2, value: 30, fp32: 50, difference: -20 },
    ];
    const measured = { ...REPORT, measure: { name: 'AP', value: 35, higherIsBetter: true }, perClass };
    const [row] = buildTable({ validation: { variants: [measured] }, benchmark: null });
    expect(row?.worstClass).toEqual({ label: 4, name: 'cat', drop: 20 });
  });

  it('keeps variants that were only validated or only benchmarked', () => {
    const rows = buildTable({
      validation: { variants: [REPORT] },
      benchmark: { backend: 'tensorrt', variants: [{ ...BENCH, variant: 'fp16' }] },
    });
    expect(rows.map((row) => [row.variant, row.backend, row.latencyMs, row.top1])).toEqual([
      ['int8', 'ort-cpu', undefined, 96],
      ['fp16', 'tensorrt', 2, undefined],
    ]);
    expect(buildTable({ validation: null, benchmark: null })).toEqual([]);
  });
});

describe('distinctRows', () => {
  const rows = [{ variant: 'fp32' }, { variant: 'int8-entropy' }, { variant: 'mixed', sameAs: 'int8-entropy' }];

  it('shows a model once, under all its names, as what is shipped', () => {
    expect(distinctRows(rows, ['mixed'])).toEqual([
      { row: { variant: 'fp32' }, kind: 'fp32', names: ['fp32'] },
      { row: rows[2], kind: 'int8-entropy', names: ['int8-entropy', 'mixed'] },
    ]);
    expect(distinctRows(rows, []).map(({ row }) => row.variant)).toEqual(['fp32', 'int8-entropy']);
  });

  it('keeps batches and devices apart', () => {
    const timed = [1, 8].flatMap((batch) => rows.map((row) => ({ ...row, batch })));
    expect(distinctRows(timed, ['mixed']).map(({ row, names }) => [names.length, row.batch])).toEqual([
      [1, 1],
      [2, 1],
      [1, 8],
      [2, 8],
    ]);
  });

  it('keeps a repetition whose original is not in the table', () => {
    expect(distinctRows([{ variant: 'mixed', sameAs: 'int8' }], []).map(({ names }) => names)).toEqual([['mixed']]);
  });
});
