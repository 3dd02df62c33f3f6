import { dirname } from 'node:path';
import { isImageFile, resolveListed, type FoundFile } from '../images/image-set-files';

/** The set to which a labels file belongs. */
export interface LabelledSet {
  readonly folder: string;
  readonly files: readonly FoundFile[];
}

/**
 * How the names of a labels file are matched with the files of the set, beginning with the strictest way: by the whole
 * path, by the last parts of the path without regard to case, and by the last parts without the extension.
 */
export type NameMatch = 'path' | 'end of path' | 'no extension';

/** Finds the positions of a name in the set: several if a list repeats the file, none if the name is not in the set. */
export type FindFile = (name: string) => readonly number[];

const NOTHING: readonly number[] = [];

/** The ways to match names, the strictest first. The index for each way is built when it is first used. */
export function nameMatches(
  set: LabelledSet,
  csvPath: string,
): readonly { readonly match: NameMatch; readonly find: () => FindFile }[] {
  return [
    { match: 'path', find: () => byPath(set, dirname(csvPath)) },
    { match: 'end of path', find: () => byEnding(set.files, (file) => file.toLowerCase()) },
    { match: 'no extension', find: () => byEnding(set.files, (file) => withoutExtension(file.toLowerCase())) },
  ];
}

function byPath({ folder, files }: LabelledSet, csvFolder: string): FindFile {
  const places = new Map<string, number[]>();
  for (const [i, { path }] of files.entries()) addPlace(places, path, i);
  return (name) =>
    name === ''
      ? NOTHING
      : (places.get(resolveListed(folder, name)) ?? places.get(resolveListed(csvFolder, name)) ?? NOTHING);
}

/** Path endings that belong to one file only. For a name, the longest known ending is used. */
function byEnding(files: readonly FoundFile[], normalise: (file: string) => string): FindFile {
  const places = new Map<string, number[]>();
  const owners = new Map<string, string | null>();
  for (const [i, { file, path }] of files.entries()) {
    for (const ending of endingsOf(normalise(file))) {
      const owner = owners.get(ending);
      if (owner !== undefined && owner !== path) owners.set(ending, null);
      else owners.set(ending, path);
      addPlace(places, ending, i);
    }
  }
  return (name) => {
    for (const ending of endingsOf(normalise(name.replaceAll('\\', '/')))) {
      const owner = owners.get(ending);
      if (owner === null) return NOTHING; // several files have this ending
      if (owner !== undefined) return places.get(ending) ?? NOTHING;
    }
    return NOTHING;
  };
}

/** `a/b/c`, `b/c`, `c` */
function endingsOf(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  return parts.map((_, i) => parts.slice(i).join('/'));
}

function withoutExtension(file: string): string {
  return isImageFile(file) ? file.replace(/\.[^./]*$/, '') : file;
}

function addPlace(places: Map<string, number[]>, key: string, place: number): void {
  const known = places.get(key);
  if (known) known.push(place);
  else places.set(key, [place]);
}
