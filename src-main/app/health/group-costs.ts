import type { GroupCost } from '../../../src-shared/domain/health/health-findings';
import { ownValue } from '../../../src-shared/base/records';
import { imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { evaluateThreshold } from '../../../src-shared/domain/histograms/quantization-error';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';

/** The group of a set that has none. */
const WHOLE = 'all';
/** Images outside of every group of a set that has some. */
const UNGROUPED = 'ungrouped';

/** Names of groups in stored histograms are shown as they are; the unnamed one is the whole set, or what no group has. */
function shownGroup(name: string, calibration: StoredCalibration): string {
  if (name !== '') return name;
  return calibration.index.groups.length === 0 ? WHOLE : UNGROUPED;
}

/** What every threshold in use does to every group of the calibration set. */
export function groupCosts(
  calibration: StoredCalibration,
  thresholds: Readonly<Record<string, number>>,
  tensors: readonly string[],
  methodOf: (tensor: string) => Method,
): GroupCost[] {
  return tensors.flatMap((tensor) => {
    const threshold = ownValue(thresholds, tensor);
    if (threshold === undefined) return [];
    return Object.entries(calibration.groups(tensor)).map(([group, histogram]): GroupCost => {
      const { sqnrDb, clippedFraction } = evaluateThreshold(histogram, threshold);
      return {
        tensor,
        method: methodOf(tensor),
        group: shownGroup(group, calibration),
        noiseToSignal: 10 ** (-sqnrDb / 10),
        clippedFraction,
      };
    });
  });
}

/** Images of every group that were counted. */
export function groupImages(calibration: StoredCalibration, set: ImageSet): Readonly<Record<string, number>> {
  const skipped = new Set(calibration.index.skipped.map(({ file }) => file));
  const isSplit = calibration.index.groups.length > 0;
  const counts = new Map<string, number>();
  for (const entry of set.entries) {
    if (skipped.has(imageId(entry))) continue;
    const group = shownGroup(isSplit ? (entry.group ?? '') : '', calibration);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

export function methodOfTensor(file: Pick<ProjectFile, 'method' | 'tensorMethods'>): (tensor: string) => Method {
  return (tensor) => ownValue(file.tensorMethods, tensor) ?? file.method;
}
