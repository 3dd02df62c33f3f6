import { describe, expect, it } from 'vitest';
import type { RunOnWorker } from '../../../src-main/compute/pool/worker-pool';
import { thresholdsOfRecord } from '../../../src-main/compute/roles/tensor-thresholds';
import { thresholdsOnWorkers } from '../../../src-main/compute/tasks/thresholds';
import { encodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import { sampleValues, SHAPE_NAMES, slowHistogram } from '../domain/histograms/histogram-samples';

function records(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const shape = SHAPE_NAMES[i % SHAPE_NAMES.length] ?? 'normal';
    return encodeHistogram(slowHistogram(sampleValues(shape, 500, i)));
  });
}

/** Workers that answer later requests first. */
function reversedWorkers(): { readonly run: RunOnWorker<'collect'>; readonly sizes: number[] } {
  const sizes: number[] = [];
  const waiting: (() => void)[] = [];
  const run = async (_method: string, params: readonly Uint8Array[]): Promise<unknown> => {
    sizes.push(params.length);
    await new Promise<void>((resolve) => {
      waiting.unshift(resolve);
      setImmediate(() => waiting.shift()?.());
    });
    return params.map(thresholdsOfRecord);
  };
  return { run: run as RunOnWorker<'collect'>, sizes };
}

describe('thresholdsOnWorkers', () => {
  it('gives the results in the order of the records, from requests that several workers can share', async () => {
    const many = records(75);
    const { run, sizes } = reversedWorkers();
    expect(await thresholdsOnWorkers(many, run)).toEqual(many.map(thresholdsOfRecord));
    expect(sizes.length).toBeGreaterThan(8);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(75);
  });

  it('names a damaged record as a fault of the calibration', async () => {
    const damaged = [...records(17), new Uint8Array([1, 2, 3])];
    await expect(thresholdsOnWorkers(damaged, reversedWorkers().run)).rejects.toMatchObject({
      code: 'calibration-mismatch',
    });
  });
});
