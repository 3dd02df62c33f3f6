import { advise } from '../../../src-shared/base/advice';
import type { Warning } from '../../../src-shared/contract/job-results';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { CalibrationState } from '../../calibration/histograms/calibration-state';

/** With fewer images than this, thresholds vary strongly from set to set. */
const FEW_IMAGES = 32;
const MANY_NON_FINITE = 3;

export function warningsOf(state: CalibrationState, isShard: boolean): Warning[] {
  const warnings: Warning[] = [];
  if (!isShard && state.imageCount < FEW_IMAGES) {
    warnings.push({
      code: 'few-images',
      message:
        `Only ${state.imageCount} images were counted; thresholds are unsteady below ${FEW_IMAGES}. ` +
        'Add images that look like those in use.',
    });
  }
  if (state.skipped.length > 0) {
    const first = state.skipped[0];
    warnings.push({
      code: 'images-skipped',
      message:
        `${state.skipped.length} images were skipped, ` + `the first one ${first?.file ?? ''}: ${first?.reason ?? ''}`,
    });
  }
  for (const item of state.nonFinite.slice(0, MANY_NON_FINITE)) {
    const tensors = item.tensors.slice(0, MANY_NON_FINITE).join(', ');
    warnings.push({
      code: 'activations-nan',
      message:
        `${item.file} makes NaN or infinity in ${item.tensors.length} tensors (${tensors}); ` +
        'those values were left out of the histograms.',
    });
  }
  if (state.nonFinite.length > MANY_NON_FINITE) {
    warnings.push({
      code: 'activations-nan',
      message: `${state.nonFinite.length} images in all make NaN or infinity.`,
    });
  }
  return warnings;
}

/** A note that the slower collector was used. */
export function copyWarning(reason: string | undefined): Warning | null {
  if (reason === undefined) return null;
  return {
    code: 'collector-copies',
    message: `The values were copied out of ONNX Runtime, which takes longer and counts the same: ${reason}`,
  };
}

/** A note that tensors were counted in the usual order of channels, although ONNX Runtime keeps them in another one. */
export function plainWarning(reason: string | undefined): Warning | null {
  if (reason === undefined) return null;
  return {
    code: 'collector-reorders',
    message:
      "The values could not be counted in ONNX Runtime's own order of channels. They were reordered first, which takes " +
      `longer and counts the same: ${reason}`,
  };
}

/** @throws WorkbenchError images-empty, activations-nan if no image of the set was of use. */
export function requireCounts(state: CalibrationState, total: number): void {
  if (state.imageCount === 0) throw nothingCounted(state, total);
  if (state.nonFinite.length === state.imageCount) throw allNonFinite(state);
}

function allNonFinite(state: CalibrationState): WorkbenchError {
  const first = state.nonFinite[0];
  return new WorkbenchError(
    'activations-nan',
    `Every image makes NaN or infinity, ${first?.file ?? ''} first in tensor "${first?.tensors[0] ?? ''}"`,
    {
      hint: advise('check-preprocessing'),
    },
  );
}

function nothingCounted(state: CalibrationState, total: number): WorkbenchError {
  const first = state.skipped[0];
  const reason = first ? `; the first one: ${first.file}: ${first.reason}` : '';
  return new WorkbenchError('images-empty', `None of ${total} images could be used${reason}`, {
    hint: 'Name a folder of JPEG, PNG, WebP, BMP or TIFF images, or .npy or .npz files with the arrays that the model takes.',
  });
}
