import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import type { Model } from '../../onnx/graph/model';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import type { Workspace } from '../projects/workspace';

/** Tensors whose thresholds determine scales with the project's plan and target, and that were calibrated. */
export function quantizedTensors(
  workspace: Workspace,
  calibration: StoredCalibration,
  model: Model,
): readonly string[] {
  const { plan, target } = workspace.file;
  const known = new Set(calibration.index.tensors.map(({ name }) => name));
  return quantizedParts(model, plan, target).tensors.filter((tensor) => known.has(tensor));
}
