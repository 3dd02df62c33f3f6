import { WorkbenchError } from '../../../src-shared/base/errors';
import type { LabelOrder, SetNote } from '../../../src-shared/domain/project/image-set';
import { compareText } from '../images/image-set-files';
import { isImageFolder } from './label-files';

/** Labels and groups of the files of a set, in the order of the files. */
export interface Labelling {
  readonly labels: readonly (number | null)[];
  readonly groups: readonly (string | null)[];
  /** Class names by index; empty if labels are plain indices or absent. */
  readonly classNames: readonly string[];
}

/** The folders of a relative path, without the leading `..` of files outside the folder of the set. */
export function foldersOf(file: string): readonly string[] {
  return file
    .split('/')
    .slice(0, -1)
    .filter((part) => part !== '..' && part !== '.');
}

/** What is known about the classes of a set: their names by index, or how folders that are numbers are ordered. */
export interface KnownClasses {
  readonly classNames?: readonly string[] | undefined;
  readonly order?: LabelOrder | undefined;
}

/**
 * Labels from folders: the innermost folder is the class, and the folders above it are the group. Class indices are the
 * positions in the sorted union of all class folders (or in `classNames`, if given); numbers are sorted as text unless
 * `order` says otherwise. These files have no label: files directly in the folder of the set, files in a folder that
 * also contains class folders, and all files if there is only a single class folder. The folders of files without a
 * label are groups. If `classNames` is given and no folder is among them, all folders are groups.
 */
export function labelsFromFolders(
  files: readonly string[],
  { classNames, order = 'text' }: KnownClasses = {},
): Labelling {
  const folders = files.map(foldersOf);
  const parents = new Set(folders.flatMap((parts) => parts.map((_, depth) => parts.slice(0, depth).join('/'))));
  const isClassFolder = (parts: readonly string[]): boolean => parts.length > 0 && !parents.has(parts.join('/'));
  const found = new Set(folders.flatMap((parts) => (isClassFolder(parts) ? [parts.at(-1) ?? ''] : [])));
  const names = classNames ?? [...found].sort(order === 'numeric' ? compareNumbers : compareText);
  const hasLabels = classNames === undefined ? found.size > 1 : [...found].some((name) => names.includes(name));
  if (!hasLabels) return { labels: files.map(() => null), groups: groupsOf(folders, found), classNames: [] };
  const indices = new Map(names.map((name, index) => [name, index]));
  const labels = folders.map((parts, i) => {
    if (!isClassFolder(parts)) return null;
    const label = indices.get(parts.at(-1) ?? '');
    if (label === undefined) {
      throw new WorkbenchError(
        'labels-invalid',
        `Expected a class folder that is one of the ${names.length} class names, found "${parts.at(-1)}" (${files[i]})`,
        {
          hint: 'Rename the folder, or give a labels.csv.',
        },
      );
    }
    return label;
  });
  const groups = commonPrefixRemoved(
    folders.map((parts) => (isClassFolder(parts) ? parts.slice(0, -1) : parts)),
    files,
  );
  return { labels, groups, classNames: names };
}

/** True if sorting as text and sorting as numbers give the classes different indices. */
export function orderMatters(classNames: readonly string[]): boolean {
  if (!classNames.every((name) => /^\d+$/.test(name))) return false;
  return classNames.toSorted(compareText).join('\n') !== classNames.toSorted(compareNumbers).join('\n');
}

/** The note about class folders that are numbers. */
export function orderNote(classNames: readonly string[], order: LabelOrder): SetNote {
  const shown = classNames.slice(0, 3).map((name, index) => `folder "${name}" is class ${index}`);
  const other =
    order === 'text'
      ? 'Text order is what torchvision uses; numeric order would put "2" before "10".'
      : 'Training with torchvision puts "10" before "2".';
  return {
    code: 'labels-order',
    message:
      `The ${classNames.length} class folders are numbers, and they are in ` +
      `${order === 'text' ? 'text' : 'numeric'} order: ${shown.join(', ')}. ${other}`,
  };
}

/** Sorts numbers by their values, and `01` before `1`. */
function compareNumbers(a: string, b: string): number {
  return Number(a) - Number(b) || compareText(a, b);
}

/**
 * Groups of an unlabelled set: its folders, without an innermost folder that has the same name everywhere (day/images,
 * night/images).
 */
function groupsOf(folders: readonly (readonly string[])[], innermost: ReadonlySet<string>): readonly (string | null)[] {
  const isPlainFolder = innermost.size === 1;
  const groups = folders.map((parts) =>
    isPlainFolder && innermost.has(parts.at(-1) ?? '') ? parts.slice(0, -1) : parts,
  );
  return groups.map(groupName);
}

/**
 * Groups of a set whose labels are boxes or masks: its folders, without a folder such as `images` at either end, and
 * without one that all files share.
 */
export function groupsFromFolders(files: readonly string[]): readonly (string | null)[] {
  const folders = files.map(foldersOf).map((parts) => {
    const inner = isImageFolder(parts.at(-1)) ? parts.slice(0, -1) : parts;
    return isImageFolder(inner[0]) ? inner.slice(1) : inner;
  });
  const groups = commonPrefixRemoved(folders, files);
  return new Set(groups).size > 1 ? groups : files.map(() => null);
}

function groupName(parts: readonly string[]): string | null {
  return parts.length === 0 ? null : parts.join('/');
}

/** Removes the leading folders that all files share if a list names files outside the set's folder (`../`). */
function commonPrefixRemoved(
  groups: readonly (readonly string[])[],
  files: readonly string[],
): readonly (string | null)[] {
  if (!files.some((file) => file.startsWith('../'))) return groups.map(groupName);
  const [first = []] = groups;
  let shared = 0;
  while (shared < first.length && groups.every((parts) => parts[shared] === first[shared])) shared += 1;
  return groups.map((parts) => groupName(parts.slice(shared)));
}

/**
 * Groups of a set with a labels file: its folders. Innermost folders are left out if each contains images of one label
 * only (they repeat the label). All folders are left out if they are the same for all files.
 */
export function groupsBesideCsv(
  files: readonly string[],
  labels: readonly (number | null)[],
): readonly (string | null)[] {
  const folders = files.map(foldersOf);
  const labelOfFolder = new Map<string, number | null>();
  let repeatsLabel = true;
  for (const [i, parts] of folders.entries()) {
    const key = parts.join('/');
    const label = labels[i] ?? null;
    if (labelOfFolder.has(key) && labelOfFolder.get(key) !== label) repeatsLabel = false;
    labelOfFolder.set(key, label);
  }
  const groups = commonPrefixRemoved(repeatsLabel ? folders.map((parts) => parts.slice(0, -1)) : folders, files);
  return new Set(groups).size > 1 ? groups : files.map(() => null);
}
