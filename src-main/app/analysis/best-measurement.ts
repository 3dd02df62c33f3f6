import { WorkbenchError, type ErrorCode } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import type { OutputCost } from '../../../src-shared/domain/analysis/best-method';
import { bytesOfImage } from '../../../src-shared/domain/project/feeding';
import { imageId, type ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { Target } from '../../../src-shared/domain/project/precision';
import { wantedPerGroup } from '../../analysis/best-method';
import { chooseFromGroups } from '../../analysis/choose-images';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import type { Model } from '../../onnx/graph/model';
import type { BestComputed } from '../../compute/pool/protocol';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import type { JobContext } from '../job-context';
import { currentCalibration, loadSet, prepared, projectFeeding, type Workspace } from '../projects/workspace';
import { analysisSetup, type UsedImages } from './analysis-setup';
import { layerWorks, macsOf } from './search-setup';

/**
 * Errors because of which a model or a set cannot be measured. The project can still be used with the default method.
 */
const UNMEASURABLE: readonly ErrorCode[] = [
  'model-unsupported',
  'images-empty',
  'image-invalid',
  'not-found',
  'labels-invalid',
  'usage',
];

const NOT_COMPARABLE =
  'the sizes of all outputs depend on the data, and the project has no task whose answers could be compared';

interface CostTask {
  /** Tensor -> threshold in real units, one record per candidate. */
  readonly candidates: readonly Readonly<Record<string, number>>[];
  readonly calibration: StoredCalibration;
  readonly target: Target;
  /** One per core if undefined. */
  readonly threads: number | undefined;
}

export interface MeasuredCosts {
  /** One per candidate; empty if nothing could be measured, or if the plan quantizes no tensor. */
  readonly costs: readonly OutputCost[];
  /** Number of images that were used, and the number that was planned. */
  readonly images: number;
  readonly wantedImages: number;
  /** Whether fewer images than planned were used because the model is so large that they would take too long. */
  readonly limitedByTime: boolean;
  /** Why nothing useful could be measured. */
  readonly problem?: string;
}

/**
 * Measures the error at the outputs that each candidate causes with the project's plan, on calibration images of each
 * group.
 */
export async function measureCosts(task: CostTask, job: JobContext): Promise<MeasuredCosts> {
  const { calibration, target } = task;
  const images = await calibrationImages(calibration, job.workspace);
  const groups = new Set(images?.entries.map(({ group }) => group));
  const perGroup = wantedPerGroup(
    groups.size,
    bytesPerImage(job.workspace, await prepared(job.workspace, job.services.compute, job)),
  );
  const wantedImages = chooseFromGroups(images?.entries ?? [], perGroup).length;
  const nothing = { costs: [], images: 0, wantedImages, limitedByTime: false };
  if (images === null) {
    const { path } = job.workspace.file.calibrationSet;
    return { ...nothing, problem: `the calibration images of ${path} cannot be read` };
  }
  const { plan } = job.workspace.file;
  try {
    const { threads } = task;
    const setup = await analysisSetup({ target, ...(threads === undefined ? {} : { threads }) }, job);
    if (quantizedParts(setup.model, plan, target).tensors.length === 0) return nothing;
    const measure = async (outputsOnly: boolean): Promise<BestComputed> =>
      job.services.compute.request(
        'best',
        {
          candidates: task.candidates.map((thresholds) => ({ plan, thresholds })),
          trials: await setup.trials([{ set: images.set, entries: chooseFromGroups(images.entries, perGroup) }], {
            outputsOnly,
            asShipped: true,
          }),
          perGroup,
          macs: macsOf(layerWorks(setup)),
          collected: calibration.index.images,
        },
        job,
      );
    const byOutputs = await measure(true);
    // Outputs whose sizes depend on the data have no error; the answers of the task are compared instead.
    const found = byOutputs.isComparable ? byOutputs : await measure(false);
    if (!found.isComparable) return { ...nothing, problem: NOT_COMPARABLE };
    const measured = { costs: found.costs, images: found.images, wantedImages, limitedByTime: found.wasCut };
    if (found.costs.some(({ nmse }) => nmse !== null)) return measured;
    const on = formatCountOf(found.images, 'image');
    return { ...measured, problem: `every method makes outputs that contain NaN or infinity on ${on}` };
  } catch (error) {
    if (error instanceof WorkbenchError && UNMEASURABLE.includes(error.code))
      return { ...nothing, problem: error.message };
    throw error;
  }
}

/**
 * The images that were collected, with the groups of the histograms: without a group if the histograms have none.
 * null if the images cannot be read any more.
 */
async function calibrationImages(calibration: StoredCalibration, workspace: Workspace): Promise<UsedImages | null> {
  try {
    const set = await loadSet(workspace, 'calibration', currentCalibration(workspace)?.limit ?? undefined);
    const skipped = new Set(calibration.index.skipped.map(({ file }) => file));
    const hasGroups = calibration.index.groups.length > 0;
    const counted = set.entries.filter((entry) => !skipped.has(imageId(entry)));
    return { set, entries: counted.map((entry): ImageEntry => (hasGroups ? entry : { ...entry, group: null })) };
  } catch (error) {
    if (error instanceof WorkbenchError && UNMEASURABLE.includes(error.code)) return null;
    throw error;
  }
}

/** Bytes of the inputs and the outputs of one image; an output's dimension that the model leaves open counts as 1. */
function bytesPerImage(workspace: Workspace, model: Model): number {
  const outputs = model.graph.output.map(({ tensorType }) =>
    (tensorType?.shape ?? [])
      .slice(1)
      .reduce((product, dim) => product * (dim.kind === 'value' ? Math.max(1, dim.value) : 1), 1),
  );
  return bytesOfImage(projectFeeding(workspace, model)) + 4 * outputs.reduce((sum, size) => sum + size, 0);
}
