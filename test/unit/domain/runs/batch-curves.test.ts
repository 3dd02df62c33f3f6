import { describe, expect, it } from 'vitest';
import { batchCurves } from '../../../../src-shared/domain/runs/batch-curves';
import { summarizeLatency } from '../../../../src-shared/domain/runs/latency';
import type { BenchmarkVariantRecord } from '../../../../src-shared/domain/runs/run-record';

function timed(variant: string, batch: number, medianMs: number): BenchmarkVariantRecord {
  return {
    variant,
    batch,
    streams: 1,
    latencyMs: summarizeLatency([medianMs]),
    throughputPerSecond: (1000 * batch) / medianMs,
    sizeMb: 1,
    coefficientOfVariation: 0,
  };
}

describe('batchCurves', () => {
  it('are one for each variant, by growing batch, with median and throughput', () => {
    expect(batchCurves([timed('fp32', 8, 4), timed('int8', 8, 2), timed('fp32', 1, 1), timed('int8', 1, 1)])).toEqual([
      {
        variant: 'fp32',
        points: [
          { batch: 1, latencyMs: 1, throughputPerSecond: 1000 },
          { batch: 8, latencyMs: 4, throughputPerSecond: 2000 },
        ],
      },
      {
        variant: 'int8',
        points: [
          { batch: 1, latencyMs: 1, throughputPerSecond: 1000 },
          { batch: 8, latencyMs: 2, throughputPerSecond: 4000 },
        ],
      },
    ]);
  });

  it('do not exist for one batch size', () => {
    expect(batchCurves([timed('fp32', 8, 4), timed('int8', 8, 2)])).toEqual([]);
    expect(batchCurves([])).toEqual([]);
  });
});
