import { LRUCache } from 'lru-cache';
import { calibrationStamp, StoredCalibration } from '../../calibration/histograms/calibration-store';
import { loadPrepared, preparedModifiedMs } from '../../onnx/passes/prepared-store';
import type { Model } from '../../onnx/graph/model';

/**
 * A project has one prepared model, and others while its plan asks for equalization or smoothing; the same holds for
 * calibrations.
 */
const KEPT_MODELS = 2;
const KEPT_CALIBRATIONS = 3;

interface Stamped<Stamp, Value> {
  readonly stamp: Stamp;
  readonly value: Value;
}

/**
 * What was read of a project's files and is still as it is on disk. Every lookup compares the files' size, inode and
 * times first: a model that was prepared again or a calibration that was redone, by this process or another one, is
 * read anew.
 */
export class ProjectCache {
  private readonly models = new LRUCache<string, Stamped<number, Model>>({ max: KEPT_MODELS });
  private readonly calibrations = new LRUCache<string, Stamped<string, StoredCalibration | null>>({
    max: KEPT_CALIBRATIONS,
  });

  /**
   * The prepared model of a folder. Facts that are derived from a model are kept with it, from one edit to the next.
   */
  model(preparedDir: string): Model {
    const stamp = preparedModifiedMs(preparedDir);
    const known = this.models.get(preparedDir);
    if (known?.stamp === stamp) return known.value;
    const value = loadPrepared(preparedDir);
    this.models.set(preparedDir, { stamp, value });
    return value;
  }

  /** The calibration of a folder; null if it holds no finished calibration of this version. */
  calibration(calibrationDir: string): StoredCalibration | null {
    const stamp = calibrationStamp(calibrationDir);
    if (stamp === null) return null;
    const known = this.calibrations.get(calibrationDir);
    if (known?.stamp === stamp) return known.value;
    return this.keep(calibrationDir, stamp, StoredCalibration.openSync(calibrationDir));
  }

  /** Reads the index of a calibration without blocking the thread, so that `calibration` finds it. */
  async preload(calibrationDir: string): Promise<void> {
    const stamp = calibrationStamp(calibrationDir);
    if (stamp === null || this.calibrations.get(calibrationDir)?.stamp === stamp) return;
    this.keep(calibrationDir, stamp, await StoredCalibration.open(calibrationDir));
  }

  private keep(dir: string, stamp: string, value: StoredCalibration | null): StoredCalibration | null {
    this.calibrations.set(dir, { stamp, value });
    return value;
  }
}
