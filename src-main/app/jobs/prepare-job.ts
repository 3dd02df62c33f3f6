import type { PrepareResult } from '../../../src-shared/contract/job-results';
import type { PrepareSpec } from '../../../src-shared/contract/job-specs';
import type { JobContext } from '../job-context';
import { wholeManifest } from '../projects/set-manifest';
import { loadSet, prepared } from '../projects/workspace';

/** Prepares the model, and reads all images to store their hashes, so that no shard does it. */
export async function prepareJob(_spec: PrepareSpec, job: JobContext): Promise<PrepareResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  await prepared(workspace, services.compute, job);
  const sets: PrepareResult['sets'][number][] = [];
  for (const which of ['calibration', 'validation'] as const) {
    if (which === 'validation' && workspace.file.validationSet === null) continue;
    const set = await loadSet(workspace, which, undefined);
    const manifestSha256 = await wholeManifest({ which, set }, job);
    sets.push({ set: which, images: set.entries.length, manifestSha256 });
  }
  return { project: workspace.path, sets, seconds: (performance.now() - startedAt) / 1000 };
}
