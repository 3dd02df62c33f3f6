import { ownValue } from '../../../src-shared/base/records';
import type { HealthFinding, HealthGroup, MaximumImage } from '../../../src-shared/domain/health/health';
import {
  groupFindings,
  healthGroups,
  maximumFindings,
  sizeFindings,
  type GroupCost,
} from '../../../src-shared/domain/health/health-findings';
import type { HealthLimits } from '../../../src-shared/domain/health/health-limits';
import { imagesThatSetMaxima } from '../../../src-shared/domain/health/image-maxima';
import { evaluateThreshold } from '../../../src-shared/domain/histograms/quantization-error';
import { imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { Model } from '../../onnx/graph/model';
import type { Workspace } from '../projects/workspace';
import { quantizedTensors } from './quantized-tensors';

/** Results of the checks that need no pass over the images. */
export interface QuickChecks {
  readonly findings: readonly HealthFinding[];
  readonly groups: Readonly<Record<string, HealthGroup>>;
  readonly maxima: readonly MaximumImage[];
  /** Tensors whose thresholds determine scales with the project's plan and target. */
  readonly tensors: readonly string[];
  /** Tensor -> threshold in use, real units. */
  readonly thresholds: Readonly<Record<string, number>>;
}

/** Checks the stored calibration without reading images again. @param task.set the images that were collected. */
export function quickChecks(
  workspace: Workspace,
  task: {
    readonly calibration: StoredCalibration;
    readonly model: Model;
    readonly set: ImageSet;
    readonly limits: HealthLimits;
  },
): QuickChecks {
  const { calibration, limits } = task;
  const { file } = workspace;
  const tensors = quantizedTensors(workspace, calibration, task.model);
  const thresholds = thresholdsInUse(calibration, file);
  const methodOf = methodOfTensor(file);
  const costs = groupCosts(calibration, thresholds, tensors, methodOf);
  const groups = healthGroups(costs, groupImages(calibration, task.set));
  const isQuantized = new Set(tensors);
  const maxima = imagesThatSetMaxima(calibration.imageMaxima(), limits.maximumRatio).flatMap((image) => {
    const own = image.tensors.filter(({ tensor }) => isQuantized.has(tensor));
    return own.length === 0 ? [] : [{ ...image, tensors: own }];
  });
  return {
    findings: [
      ...sizeFindings(calibration.index.images, limits),
      ...groupFindings(groups, costs, limits),
      ...maximumFindings(maxima, methodOf, limits.maximumRatio),
    ],
    groups,
    maxima,
    tensors,
    thresholds,
  };
}

/** Name that is shown for the images of a set without groups. */
const WHOLE = 'all';
/** Name that is shown for images without a group, in a set that has groups. */
const UNGROUPED = 'ungrouped';

/** Name that is shown for a group of the stored histograms; the empty name stands for images without a group. */
function shownGroup(name: string, calibration: StoredCalibration): string {
  if (name !== '') return name;
  return calibration.index.groups.length === 0 ? WHOLE : UNGROUPED;
}

/** Noise and clipping that the threshold of each tensor causes in each group of the calibration set. */
function groupCosts(
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

/** Group -> number of images that were collected. */
function groupImages(calibration: StoredCalibration, set: ImageSet): Readonly<Record<string, number>> {
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

/** The method that the project uses for a tensor. */
export function methodOfTensor(file: Pick<ProjectFile, 'method' | 'tensorMethods'>): (tensor: string) => Method {
  return (tensor) => ownValue(file.tensorMethods, tensor) ?? file.method;
}
