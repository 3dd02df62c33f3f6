import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { SetNote } from '../../../src-shared/domain/project/image-set';
import { isPathAllowed } from '../../base/path-policy';
import { decodeText } from './csv-text';
import type { Labelling } from './folder-labels';

/** Names of files that list class names by index, one per line, in the order of the search. */
const NAMES_FILES = ['classes.txt', 'class_names.txt', 'names.txt'];
const MAX_NAMES_BYTES = 16e6;

/** The class names by index from the first such file in the folders; null if there is no usable file. */
export async function readClassNames(
  folders: readonly string[],
): Promise<{ readonly path: string; readonly names: readonly string[] } | null> {
  const path = folders
    .flatMap((folder) => NAMES_FILES.map((name) => join(folder, name)))
    .find((candidate) => existsSync(candidate) && isPathAllowed(candidate));
  if (path === undefined || (await stat(path)).size > MAX_NAMES_BYTES) return null;
  const lines = decodeText(await readFile(path))
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const numbered = lines.map((line) => /^(\d+)[\s,;:]+(.+)$/.exec(line));
  const isNumbered = numbered.every((parts, i) => parts !== null && Number(parts[1]) === i);
  const names = isNumbered ? numbered.map((parts) => parts?.[2] ?? '') : lines;
  return names.length > 1 && new Set(names).size === names.length ? { path, names } : null;
}

/**
 * The labels with their classes in the order of a names file. Labels that were written as indices keep their index and
 * get the names. Labels from names (folders, a text column) get the position of their name in the file, unless a name
 * is missing there.
 */
export function withNamesFile(
  labelling: Labelling,
  kind: 'indices' | 'names',
  file: { readonly path: string; readonly names: readonly string[] },
): { readonly labelling: Labelling; readonly notes: readonly SetNote[] } {
  const { names } = file;
  const own = labelling.classNames;
  if (kind === 'indices') {
    const isWithin = labelling.labels.every((label) => label === null || label < names.length);
    return { labelling: own.length === 0 && isWithin ? { ...labelling, classNames: names } : labelling, notes: [] };
  }
  const positions = new Map(names.map((name, index) => [name, index]));
  const missing = own.find((name) => !positions.has(name));
  if (missing !== undefined) {
    const message =
      `${basename(file.path)} lists ${names.length} classes, but not "${missing}": it was not used, and class ` +
      'indices are the positions of the sorted names';
    return { labelling, notes: [{ code: 'labels-names-file', message }] };
  }
  const labels = labelling.labels.map((label) => (label === null ? null : (positions.get(own[label] ?? '') ?? null)));
  const message = `Class indices are the positions of the names in ${basename(file.path)} (${names.length} classes)`;
  return {
    labelling: { ...labelling, labels, classNames: names },
    notes: own.join('\n') === names.join('\n') ? [] : [{ code: 'labels-names-file', message }],
  };
}
