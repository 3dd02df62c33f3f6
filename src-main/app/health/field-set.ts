import { existsSync, statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ImageSet } from '../../../src-shared/domain/image-set';
import { loadImageSet } from '../../calibration/image-set';
import { limited, loadSet, type Workspace } from '../workspace';

/**
 * Unlabelled images from the field. Sub-folders are groups, unless they are named as the project's classes are (then what lies
 * above them is the group); images without a group belong to one that is named as the folder or list itself.
 */
export async function loadFieldSet(workspace: Workspace, againstPath: string, limit: number | undefined): Promise<ImageSet> {
  const path = resolve(againstPath);
  const found = await loadWithGroups(path, await classNamesOf(workspace));
  const own = nameOf(path);
  const entries = (limit === undefined ? found.entries : limited(found, limit)).map((entry) => ({ ...entry, label: null, group: entry.group ?? own }));
  return { ...found, entries, groups: [...new Set(entries.map((entry) => entry.group))].sort(), classNames: [], labelSource: 'none' };
}

async function loadWithGroups(path: string, classNames: readonly string[]): Promise<ImageSet> {
  try {
    return await loadImageSet({ path, classNames, labelsCsv: null });
  } catch (error) {
    // Some folders are named as classes and others are not: then none is one.
    if (error instanceof WorkbenchError && error.code === 'labels-invalid') return loadImageSet({ path, classNames: [], labelsCsv: null });
    throw error;
  }
}

async function classNamesOf(workspace: Workspace): Promise<readonly string[]> {
  const { classNames } = await loadSet(workspace, workspace.file.validationSet ? 'validation' : 'calibration', undefined);
  return classNames;
}

function nameOf(path: string): string {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  return isFolder ? basename(path) : basename(path, extname(path));
}
