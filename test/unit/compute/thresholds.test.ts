import { afterEach, describe, expect, it, vi } from 'vitest';
import { thresholdsOfRecord } from '../../../src-main/compute/roles/threshold-role';
import { computeThresholds } from '../../../src-main/compute/tasks/thresholds';
import { encodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import { sampleValues, SHAPE_NAMES, slowHistogram } from '../domain/histograms/histogram-samples';

const started: string[] = [];
vi.mock('../../../src-main/compute/pool/entry-path', async () => {
  const path = await import('node:path');
  const { REPO_ROOT } = await import('../../support/shared');
  return {
    entryPath: (name: string) => {
      started.push(name);
      return path.join(REPO_ROOT, 'out/main', `${name}.js`);
    },
  };
});

function records(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const shape = SHAPE_NAMES[i % SHAPE_NAMES.length] ?? 'normal';
    return encodeHistogram(slowHistogram(sampleValues(shape, 500, i)));
  });
}

describe('computeThresholds', () => {
  afterEach(() => started.splice(0));

  it('gives the same results on several workers, in the order of the records', async () => {
    const many = records(140);
    expect(await computeThresholds(many, 2)).toEqual(many.map(thresholdsOfRecord));
    expect(started).toEqual(['compute-worker', 'compute-worker']);
  });

  it('starts no worker for a small model', async () => {
    const few = records(31);
    expect(await computeThresholds(few, 8)).toEqual(few.map(thresholdsOfRecord));
    expect(started).toEqual([]);
  });

  it('names a damaged record as a fault of the calibration, on a worker too', async () => {
    const damaged = [...records(130), new Uint8Array([1, 2, 3])];
    await expect(computeThresholds(damaged, 2)).rejects.toMatchObject({ code: 'calibration-mismatch' });
    await expect(computeThresholds(damaged.slice(-1), 2)).rejects.toMatchObject({ code: 'calibration-mismatch' });
  });
});
