import { statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { loadImageSet } from '../../calibration/images/image-set';
import { compareText } from '../../calibration/images/image-set-files';
import { foldersOf } from '../../calibration/images/labels';
import { limited, loadSet, type Workspace } from '../projects/workspace';

/**
 * Unlabelled images from the field. Sub-folders are groups, less an innermost one that is named as one of the project's classes;
 * images without a group belong to one that is named as the folder or the list itself.
 * @throws WorkbenchError `not-found` or `images-empty`.
 */
export async function loadFieldSet(
  workspace: Workspace,
  againstPath: string,
  limit: number | undefined,
): Promise<ImageSet> {
  const path = resolve(againstPath);
  const found = await loadImageSet({ path, classNames: [], labelsCsv: null });
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
 * Group of every file, null for none. A list may name files far from itself: folders that all of them share say nothing there.
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
