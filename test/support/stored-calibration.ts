import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CALIBRATION_INDEX_VERSION,
  type CalibrationIndex,
} from '../../src-main/calibration/histograms/calibration-index';
import { encodeHistogramFile } from '../../src-main/calibration/histograms/histogram-file';
import { setOwnValue } from '../../src-shared/base/records';
import { encodeHistogram } from '../../src-shared/domain/histograms/histogram-codec';
import { slowHistogram } from '../unit/domain/histograms/histogram-samples';
import { createRandom } from './random';

export interface StoredCalibrationOptions {
  readonly tensors: readonly string[];
  /** One empty name: the set has no groups. */
  readonly groups?: readonly string[];
  readonly images?: number;
  readonly seed?: number;
  /** Largest |x|. */
  readonly amax?: number;
}

/** Writes a finished calibration of seeded random values into `dir`, as if it had been collected. */
export function writeStoredCalibration(dir: string, options: StoredCalibrationOptions): void {
  const { tensors, groups = [''], images = 4, seed = 1, amax = 1 } = options;
  const random = createRandom(seed);
  const values = (): Float32Array => Float32Array.from({ length: 300 }, () => (random() * 2 - 1) * amax);
  const records: Record<string, Uint8Array[]> = {};
  for (const group of groups)
    setOwnValue(
      records,
      group,
      tensors.map(() => encodeHistogram(slowHistogram(values()))),
    );
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'histograms.bin'),
    encodeHistogramFile({
      header: {
        key: 'key',
        tensors,
        groups,
        images: Array.from({ length: images }, (_, i) => `${i}.png`),
        skipped: [],
        nonFinite: [],
        shard: null,
        seconds: 1,
      },
      records,
      amax: Float32Array.from({ length: images * tensors.length }, random),
      channels: null,
      grid: null,
    }),
  );
  const index: CalibrationIndex = {
    version: CALIBRATION_INDEX_VERSION,
    key: 'key',
    images,
    skipped: [],
    groups,
    sha256: 'ab'.repeat(32),
    seconds: 1,
    warnings: [],
    tensors: tensors.map((name) => ({
      name,
      min: -amax,
      max: amax,
      elements: 300,
      thresholds: { minmax: amax, entropy: amax / 2, percentile: amax / 3, mse: amax / 4 },
    })),
  };
  writeFileSync(join(dir, 'index.json'), JSON.stringify(index));
}
