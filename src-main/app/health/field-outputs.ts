import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { ImageSet } from '../../../src-shared/domain/image-set';
import { defaultThreads, type JobServices } from '../jobs/services';
import { buildVariants, variantOptions } from '../jobs/variants';
import { imageInput, prepared, type Workspace } from '../workspace';

/** What would be deployed: the project's thresholds and precision plan. */
export const FIELD_VARIANT = 'mixed';

/**
 * Squared error of the quantized model's outputs over FP32's squares, mean over outputs, per group of images; null where
 * outputs cannot be compared (their size depends on the data).
 */
export async function fieldOutputErrors(set: ImageSet, task: { readonly workspace: Workspace; readonly services: JobServices; readonly context: TaskContext; readonly threads: number | undefined }): Promise<Readonly<Record<string, number | null>>> {
  const { workspace, services, context } = task;
  const options = variantOptions({ variants: ['fp32', FIELD_VARIANT] }, workspace, []);
  const built = await buildVariants(options, workspace, services, context);
  const input = imageInput(await prepared(workspace, services.compute, context));
  const errors: Record<string, number | null> = {};
  for (const group of set.groups) {
    const entries = set.entries.filter((entry) => entry.group === group);
    try {
      const { variants } = await services.compute.request(
        'evaluate',
        {
          variants: built.map(({ runnable }) => runnable),
          input,
          preprocessing: workspace.file.preprocessing,
          set: { ...set, entries, skipped: [] },
          threads: task.threads ?? defaultThreads(),
          batch: input.fixedBatch ?? 1,
        },
        context,
      );
      errors[group] = meanNmse(variants.at(-1)?.outputs ?? []);
    } catch (error) {
      if (!(error instanceof WorkbenchError) || (error.code !== 'model-unsupported' && error.code !== 'images-empty')) throw error;
      errors[group] = null;
    }
  }
  return errors;
}

/** Outputs without any signal have no such error and are left out. */
function meanNmse(outputs: readonly { readonly sqnrDb: number | null }[]): number | null {
  const errors = outputs.map(({ sqnrDb }) => (sqnrDb === null ? 0 : 10 ** (-sqnrDb / 10))).filter((error) => !Number.isNaN(error));
  return errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length;
}
