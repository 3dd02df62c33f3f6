import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  boolean,
  integer,
  list,
  measured,
  object,
  oneOf,
  record,
  type InferOutput,
} from '../../../src-shared/base/schema';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import type { PrepareParams } from '../../compute/pool/protocol';
import type { ArtifactPaths } from './artifact-paths';

const factorsSchema = object({
  version: oneOf(1),
  /** See smoothingExponents. */
  alpha: measured,
  /** Whether the factors were found for the equalized model. */
  equalized: boolean,
  /** Tensor of a group -> power of two per channel. */
  exponents: record(list(integer)),
});
export type SmoothingFactors = Omit<InferOutput<typeof factorsSchema>, 'version'>;

/** Stores factors under the key by which a plan names them. */
export async function saveSmoothing(paths: ArtifactPaths, key: string, factors: SmoothingFactors): Promise<void> {
  const path = paths.smoothingFile(key);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, JSON.stringify({ version: 1, ...factors }));
}

/** The factors that the plan names, as the preparation of the model wants them; nothing if it names none. */
export function smoothingOf({
  path,
  file,
  paths,
}: {
  readonly path: string;
  readonly file: Pick<ProjectFile, 'plan'>;
  readonly paths: ArtifactPaths;
}): Pick<PrepareParams, 'smoothing'> {
  const key = file.plan.repairs?.smoothing;
  if (key === undefined) return {};
  const stored = readStoredJson(paths.smoothingFile(key), factorsSchema);
  if (stored !== null) return { smoothing: stored.exponents };
  throw new WorkbenchError(
    'not-found',
    `Expected the factors of smoothing in ${paths.smoothingFile(key)}, found none that can be read`,
    { hint: advise('find-smoothing', { project: path }) },
  );
}
