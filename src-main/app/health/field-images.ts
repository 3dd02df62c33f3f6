import { statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { setOwnValue } from '../../../src-shared/base/records';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import type { OutputQuality } from '../../../src-shared/domain/runs/accuracy';
import { loadImageSet } from '../../calibration/images/image-set';
import { setArrays } from '../../calibration/inputs/set-arrays';
import { compareText } from '../../calibration/images/image-set-files';
import { foldersOf } from '../../calibration/labels/folder-labels';
import { ensureThresholds } from '../analysis/needed-decisions';
import { defaultThreads, type JobContext } from '../job-context';
import { limited, loadSet, prepared, projectFeeding, type Workspace } from '../projects/workspace';
import { buildVariants } from '../variants/builder';
import { variantOptions } from '../variants/options';

/** The variant that is compared with FP32: the project's thresholds and precision plan. */
export const FIELD_VARIANT = 'mixed';

/**
 * Loads unlabelled images from the field. Subfolders are groups, except that an innermost folder with the name of a
 * class of the project is ignored. Images without a group get the name of the folder or of the list as their group.
 * @throws WorkbenchError not-found, images-empty
 */
export async function loadFieldSet(
  workspace: Workspace,
  againstPath: string,
  limit: number | undefined,
): Promise<ImageSet> {
  const path = resolve(againstPath);
  const found = await loadImageSet({ path, classNames: [], labelsPath: null, ...setArrays(workspace.file.inputs) });
  const { classNames } = await loadSet(
    workspace,
    workspace.file.validationSet ? 'validation' : 'calibration',
    undefined,
  );
  const isFolder = statSync(path).isDirectory();
  const own = isFolder ? basename(path) : basename(path, extname(path));
  const groups = fieldGroups(
    found.entries.map(({ file }) => file),
    { classNames, isList: !isFolder },
  );
  const set: ImageSet = {
    ...found,
    entries: found.entries.map((entry, i) => ({ ...entry, label: null, group: groups[i] ?? own })),
    classNames: [],
    labelSource: 'none',
  };
  const entries = limit === undefined ? set.entries : limited(set, limit);
  return { ...set, entries, groups: [...new Set(entries.map(({ group }) => group ?? own))].sort(compareText) };
}

/**
 * The group of every file; null if it has none. The files of a list may lie anywhere, so that folders that all of them
 * share are not part of the group.
 * @param files relative paths.
 */
export function fieldGroups(
  files: readonly string[],
  { classNames, isList }: { readonly classNames: readonly string[]; readonly isList: boolean },
): readonly (string | null)[] {
  const classes = new Set(classNames);
  const folders = files
    .map((file) => foldersOf(file))
    .map((parts) => (classes.has(parts.at(-1) ?? '') ? parts.slice(0, -1) : parts));
  const [first = []] = folders;
  let shared = 0;
  while (isList && shared < first.length && folders.every((parts) => parts[shared] === first[shared])) shared += 1;
  return folders.map((parts) => (parts.length > shared ? parts.slice(shared).join('/') : null));
}

/**
 * Group -> normalized squared error (sum of squared differences from FP32, divided by the sum of FP32's squares) of the
 * output with the largest error. It is null if outputs cannot be compared because their size depends on the data.
 * @param threads one per core if undefined.
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
  const feeding = projectFeeding(workspace, await prepared(workspace, services.compute, job));
  const errors: Record<string, number | null> = {};
  for (const group of set.groups) {
    const entries = set.entries.filter((entry) => entry.group === group);
    try {
      const { variants } = await services.compute.request(
        'evaluate',
        {
          variants: built.map(({ runnable }) => runnable),
          feeding,
          task: null,
          set: { ...set, entries, skipped: [] },
          threads: threads ?? defaultThreads(),
          batch: feeding.fixedBatch ?? 1,
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

/** Outputs that are all zero have no normalized error and are ignored. */
function worstNmse(outputs: readonly OutputQuality[]): number | null {
  const errors = outputs.flatMap(({ sqnrDb }) => (sqnrDb === null ? [] : [10 ** (-sqnrDb / 10)]));
  return errors.length === 0 ? null : Math.max(...errors);
}
