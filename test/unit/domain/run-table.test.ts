import { describe, expect, it } from 'vitest';
import type { VariantReport } from '../../../src-shared/domain/accuracy';
import { summarizeLatency } from '../../../src-shared/domain/latency';
import type { BenchmarkVariantRecord } from '../../../src-shared/domain/run-record';
import { buildTable } from '../../../src-shared/domain/run-table';

const REPORT: VariantReport = {
  variant: 'int8',
  backend: 'ort-cpu',
  top1: 96,
  groups: { day: { images: 2, top1: 99 }, night: { images: 2, top1: 93 }, dusk: { images: 1, agreement: 100 } },
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
    const [row] = buildTable({ validation: { variants: [REPORT] }, benchmark: { backend: 'ort-cpu', variants: [BENCH] } });
    expect(row).toEqual({
      variant: 'int8',
      backend: 'ort-cpu',
      latencyMs: 2,
      latency: BENCH.latencyMs,
      throughputPerSecond: 250,
      memoryMb: 4,
      sizeMb: 0.2,
      top1: 96,
      worstGroup: { name: 'night', top1: 93 },
      groupTop1: { day: 99, night: 93 },
    });
  });

  it('keeps variants that were only validated or only benchmarked', () => {
    const rows = buildTable({ validation: { variants: [REPORT] }, benchmark: { backend: 'tensorrt', variants: [{ ...BENCH, variant: 'fp16' }] } });
    expect(rows.map((row) => [row.variant, row.backend, row.latencyMs, row.top1])).toEqual([
      ['int8', 'ort-cpu', undefined, 96],
      ['fp16', 'tensorrt', 2, undefined],
    ]);
    expect(buildTable({ validation: null, benchmark: null })).toEqual([]);
  });
});
