import type { HealthFinding, HealthGroup, MaximumImage } from '../../../src-shared/domain/health/health';
import type { HealthLimits } from '../../../src-shared/domain/health/health-limits';
import {
  groupFindings,
  healthGroups,
  maximumFindings,
  sizeFindings,
} from '../../../src-shared/domain/health/health-findings';
import { imagesThatSetMaxima } from '../../../src-shared/domain/health/image-maxima';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { Model } from '../../onnx/graph/model';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import type { Workspace } from '../projects/workspace';
import { groupCosts, groupImages, methodOfTensor } from './group-costs';

export interface QuickChecks {
  readonly findings: readonly HealthFinding[];
  readonly groups: Readonly<Record<string, HealthGroup>>;
  readonly maxima: readonly MaximumImage[];
  /** Tensors whose thresholds decide the scales of the project's plan and target, and those thresholds. */
  readonly tensors: readonly string[];
  readonly thresholds: Readonly<Record<string, number>>;
}

/** What the stored calibration says without looking at an image again. @param set the images that it was made from. */
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
  const known = new Set(calibration.index.tensors.map(({ name }) => name));
  const tensors = quantizedParts(task.model, file.plan, file.target).tensors.filter((tensor) => known.has(tensor));
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
