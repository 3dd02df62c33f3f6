import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ShapesView } from '../../../src-shared/contract/views';
import { DEFAULT_TENSORRT_OPTIONS } from '../../../src-shared/domain/engines/tensorrt-options';
import { hasOpenSize, type ShapeProfile } from '../../../src-shared/domain/engines/shape-profiles';
import { profilesOf } from '../../backends/tensorrt/profiles';
import { modelInputs } from '../../onnx/graph/model-inputs';
import type { JobContext } from '../job-context';
import { prepared, projectFeeding } from '../projects/workspace';
import { projectImageSizes } from './image-sizes';

/**
 * The inputs of the project's model, and the optimization profiles that engines get if none are chosen: one for each
 * batch size, with the image sizes of the sets.
 */
export async function shapesView(batches: readonly number[] | undefined, job: JobContext): Promise<ShapesView> {
  const { workspace, services } = job;
  const model = await prepared(workspace, services.compute, job);
  const feeding = projectFeeding(workspace, model);
  const fed = modelInputs(model);
  const inputs = fed.map(({ name, dims }) => ({
    name,
    dims,
    hasBatch: feeding.inputs.some((input) => input.name === name && input.hasBatch),
  }));
  if (!inputs.some(hasOpenSize)) return { modelPath: workspace.file.model.path, inputs, proposal: [] };
  try {
    const profiles = profilesOf(fed, feeding, {
      batches: batches ?? DEFAULT_TENSORRT_OPTIONS.batches,
      sizes: await projectImageSizes(workspace, feeding),
    });
    const proposal = profiles.map((profile): ShapeProfile =>
      Object.entries(profile).map(([input, { min, opt, max }]) => ({
        input,
        min: [...min],
        opt: [...opt],
        max: [...max],
      })),
    );
    return { modelPath: workspace.file.model.path, inputs, proposal };
  } catch (error) {
    // A size that is neither the batch nor that of an image follows from nothing in the sets.
    if (!(error instanceof WorkbenchError) || error.code !== 'model-unsupported') throw error;
    return { modelPath: workspace.file.model.path, inputs, proposal: null };
  }
}
