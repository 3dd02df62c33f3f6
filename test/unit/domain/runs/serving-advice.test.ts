import { describe, expect, it } from 'vitest';
import type { BenchmarkVariantRecord } from '../../../../src-shared/domain/runs/run-record';
import { servingAdvice, servingSentence } from '../../../../src-shared/domain/runs/serving-advice';

function point(batch: number, p99: number | undefined, perSecond: number, streams = 1): BenchmarkVariantRecord {
  const spread = { min: 1, max: 9, samples: 200 };
  const latencyMs = { mean: 1, median: 1, ...spread, ...(p99 === undefined ? {} : { p99 }) };
  return {
    variant: 'int8',
    batch,
    streams,
    latencyMs: latencyMs as BenchmarkVariantRecord['latencyMs'],
    throughputPerSecond: perSecond,
    sizeMb: 1,
    coefficientOfVariation: 0,
  };
}

/** Throughput grows with the batch until 8. */
const CURVE = [point(1, 2, 500), point(4, 4, 1000), point(8, 6, 1400), point(16, 11, 1420), point(32, 22, 1420)];

describe('servingAdvice', () => {
  it('takes the largest throughput at which waiting for a running batch stays within the limit', () => {
    expect(servingAdvice(CURVE, 'int8', 15)).toMatchObject({
      state: 'advised',
      batch: 8,
      instances: 1,
      preferredBatches: [4, 8],
      // 15 ms - 2 x 6 ms; the other 7 requests arrive in 5 ms.
      queueDelayUs: 3000,
      measureNext: null,
    });
    expect(servingAdvice(CURVE, 'int8', 30)).toMatchObject({ batch: 16, preferredBatches: [4, 8], queueDelayUs: 8000 });
  });

  it('counts streams as instances, and says when the end of the curve is the best', () => {
    const streams = [point(1, 2, 500), point(4, 4, 1000), point(4, 6, 1600, 2)];
    const advice = servingAdvice(streams, 'int8', 20);
    expect(advice).toMatchObject({
      batch: 4,
      instances: 2,
      measureNext: 'batch 8: the largest measured one is the best',
    });
    expect(servingSentence(advice)).toMatch(
      /^Serving int8 with P99 within 20\.0 ms: batches of up to 4 that wait at most 1\.\d+ ms on 2 instances, measured .* Not measured: batch 8/,
    );
  });

  it('says what to measure if too little was', () => {
    expect(servingAdvice(CURVE.slice(0, 1), 'int8', 15)).toMatchObject({
      state: 'unmeasured',
      measureNext: 'other batch sizes than 1, for example 1, 4, 8 and 16',
    });
    const short = servingAdvice([point(1, undefined, 500), point(4, undefined, 900)], 'int8', 15);
    expect(short).toMatchObject({ state: 'unmeasured', measureNext: 'with more rounds: P99 needs 100 samples' });
    expect(servingAdvice(CURVE, 'mixed', 15)).toMatchObject({ state: 'unmeasured' });
    expect(servingAdvice(CURVE, 'int8', 3)).toMatchObject({ state: 'too-slow' });
  });
});
