import { ensureThresholds } from '../analysis/needed-decisions';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { setOwnValue } from '../../../src-shared/base/records';
import type { OutputQuality } from '../../../src-shared/domain/runs/accuracy';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { defaultThreads, type JobContext } from '../job-context';
import { imageInput, prepared } from '../projects/workspace';
import { buildVariants } from '../variants/builder';
import { variantOptions } from '../variants/options';

/** What would be deployed: the project's thresholds and precision plan. */
export const FIELD_VARIANT = 'mixed';

/**
 * Squared error over FP32's squares of the output that the quantized model answers worst, per group of images; null where
 * outputs cannot be compared (their size depends on the data).
 */
export async function fieldOutputErrors(
  set: ImageSet,
  threads: number | undefined,
  job: JobContext,
): Promise<Readonly<Record<string, number | null>>> {
  const { workspace, services } = job;
  const options = variantOptions({ variants: ['fp32', FIELD_VARIANT] }, workspace, []);
  await ensureThresholds(options, job);
  const built = await buildVariants(options, job);
  const input = imageInput(await prepared(workspace, services.compute, job));
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
          threads: threads ?? defaultThreads(),
          batch: input.fixedBatch ?? 1,
        },
        job,
      );
      setOwnValue(errors, group, worstNmse(variants.at(-1)?.outputs ?? []));
    } catch (error) {
      if (!(error instanceof WorkbenchError) || (error.code !== 'model-unsupported' && error.code !== 'images-empty'))
        throw error;
      setOwnValue(errors, group, null);
    }
  }
  return errors;
}

/** Outputs without any signal have no such error and are left out. */
function worstNmse(outputs: readonly OutputQuality[]): number | null {
  const errors = outputs.flatMap(({ sqnrDb }) => (sqnrDb === null ? [] : [10 ** (-sqnrDb / 10)]));
  return errors.length === 0 ? null : Math.max(...errors);
}
