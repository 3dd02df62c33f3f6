import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { SetNote } from '../../../src-shared/domain/project/image-set';
import { isPathAllowed } from '../../base/path-policy';
import { compareText } from '../images/image-set-files';
import { decodeText } from './csv-text';
import type { Labelling } from './folder-labels';
import { MAX_CLASS, readLabelText, truthInvalid } from './label-text';
import { namesInYaml } from './names-yaml';

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
  const names = namesInText(decodeText(await readFile(path)));
  return names.length > 1 && new Set(names).size === names.length ? { path, names } : null;
}

/** One name a line, or lines such as `0 cat` that number the names from 0. */
function namesInText(text: string): readonly string[] {
  const lines = text
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const numbered = lines.map((line) => /^(\d+)[\s,;:]+(.+)$/.exec(line));
  const isNumbered = numbered.every((parts, i) => parts !== null && Number(parts[1]) === i);
  return isNumbered ? numbered.map((parts) => parts?.[2] ?? '') : lines;
}

/** Class names by index, and the file that lists them. */
export interface NamesFile {
  readonly path: string;
  readonly names: readonly string[];
  readonly hasKeyPoints: boolean;
}

/**
 * The names in a file that the user named: one a line, or the `names` of a YAML file of a YOLO data set.
 * @throws WorkbenchError not-found, labels-invalid
 */
export async function readNamesFile(path: string): Promise<NamesFile> {
  const text = await readLabelText(path, MAX_NAMES_BYTES);
  const yaml = isYaml(path) ? namesInYaml(text) : null;
  if (isYaml(path) && (yaml === null || yaml.names.length === 0))
    throw truthInvalid(
      `Expected the key names with a list or map of class names in ${path}, found none`,
      'Write the names as a list, or give a text file with one name a line.',
    );
  const names = yaml?.names ?? namesInText(text);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (names.length === 0 || names.length > MAX_CLASS || text.includes('\0') || repeated !== undefined)
    throw truthInvalid(
      `Expected different class names, one a line in the order of the model's classes, in ${path}, found ` +
        (repeated === undefined ? (names.length === 0 ? 'none' : 'something else') : `"${repeated}" twice`),
      'Name a text file or the data.yaml of the data set.',
    );
  return { path, names, hasKeyPoints: yaml?.hasKeyPoints ?? false };
}

/**
 * The class names of a data set of boxes or masks: from the first of the folders that has a file with names. In each
 * folder, `data.yaml` comes first, then other YAML files with names, then text files such as `names.txt`.
 */
export async function findNamesFile(folders: readonly string[]): Promise<NamesFile | null> {
  for (const folder of new Set(folders)) {
    const entries = isPathAllowed(folder) ? await readdir(folder).catch((): string[] => []) : [];
    const yamls = entries
      .filter(isYaml)
      .sort((a, b) => Number(!/^data\./i.test(a)) - Number(!/^data\./i.test(b)) || compareText(a, b));
    const texts = [...NAMES_FILES, ...entries.filter((name) => /\.names$/i.test(name)).sort(compareText)].filter(
      (name) => entries.includes(name),
    );
    for (const name of [...yamls, ...texts]) {
      const path = join(folder, name);
      const found = isPathAllowed(path) ? await readNamesFile(path).catch(() => null) : null;
      if (found !== null) return found;
    }
  }
  return null;
}

function isYaml(path: string): boolean {
  return ['.yaml', '.yml'].includes(extname(path).toLowerCase());
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
