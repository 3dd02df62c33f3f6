import { existsSync, statSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { readError } from '../../base/file-errors';
import type { ShardedKind } from '../../../src-shared/contract/job-specs';
import { markerPath, readMarker, shardNameKind, type ShardMarker } from './shard-store';

/** A shard file that was found, with its marker; null: it has none that can be read. */
export interface ListedShard {
  readonly path: string;
  readonly marker: ShardMarker | null;
}

/** Folder of a project's own shards, below the project. */
export const SHARDS_FOLDER = 'shards';

/**
 * The shards that these paths name: shard files, folders that contain some, and projects. A file that is named twice is
 * listed once. Contents are not read.
 * @throws WorkbenchError not-found
 */
export async function listShards(paths: readonly string[]): Promise<ListedShard[]> {
  const found = new Map<string, ListedShard>();
  for (const path of paths) {
    for (const file of await filesOf(path)) {
      const real = await realpath(file).catch(() => file);
      if (!found.has(real)) found.set(real, { path: file, marker: readMarker(file) });
    }
  }
  return [...found.values()];
}

async function filesOf(path: string): Promise<readonly string[]> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new WorkbenchError('not-found', `Shard ${path} does not exist`, { hint: advise('name-shard') });
  if (!stats.isDirectory()) {
    // Patterns of a shell (shards/*) name both files of a shard.
    const content = path.replace(/(?<=\.(?:shard|partial))\.json$/, '');
    return [existsSync(content) ? content : path];
  }
  const isProject = existsSync(join(path, 'project.json'));
  const folder = isProject ? join(path, SHARDS_FOLDER) : path;
  const names = existsSync(folder) ? await namesIn(folder) : [];
  // An unfinished shard that was finished later is not worth a message.
  const files = names.filter(
    (name) =>
      shardNameKind(name) === 'finished' ||
      (shardNameKind(name) === 'partial' && !names.includes(name.replace(/partial$/, 'shard'))),
  );
  if (files.length > 0) return files.sort().map((name) => join(folder, name));
  const what = isProject ? `The project ${path} has no shards` : `Expected shards in the folder ${path}, found none`;
  throw new WorkbenchError('not-found', what, { hint: advise('name-shard') });
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    throw readError(error, folder, 'Folder of shards');
  });
}

/**
 * The kind of shards to merge.
 * @throws WorkbenchError usage if there are several
 */
export function kindOfShards(found: readonly ListedShard[], wanted: ShardedKind | undefined): ShardedKind {
  const kinds = [...new Set(found.flatMap(({ marker }) => (marker === null ? [] : [marker.kind])))].sort();
  const [first] = kinds;
  if (wanted !== undefined && kinds.includes(wanted)) return wanted;
  if (first === undefined) throw mismatch(unpaired(found));
  if (wanted !== undefined) throw mismatch([`No shard is of ${wanted}; there are shards of ${kinds.join(', ')}`]);
  if (kinds.length === 1) return first;
  throw new WorkbenchError('usage', `Expected shards of one kind, found shards of ${kinds.join(' and ')}`, {
    hint: advise('choose-shard-kind'),
  });
}

/** A complete shard of the wanted kind and key. */
export interface UsableShard {
  readonly path: string;
  readonly marker: ShardMarker;
}

/**
 * The complete shards of one kind in the order of their indices.
 * @param key of what is to be merged.
 * @throws WorkbenchError calibration-mismatch that names every shard that is missing, unfinished, repeated or belongs
 * to something else.
 */
export function completeShards(found: readonly ListedShard[], kind: ShardedKind, key: string): UsableShard[] {
  const own = found.flatMap(({ path, marker }): UsableShard[] =>
    marker?.kind === kind && marker.isPartial !== true ? [{ path, marker }] : [],
  );
  const partial = found.flatMap(({ path, marker }) =>
    marker?.kind === kind && marker.isPartial ? [{ path, marker }] : [],
  );
  const foreign = own.filter(({ marker }) => marker.key !== key);
  const usable = own.filter(({ marker }) => marker.key === key);
  const counts = [...new Set(usable.map(({ marker }) => marker.shard.count))].sort((a, b) => a - b);
  const total = counts[0] ?? partial[0]?.marker.shard.count ?? 0;
  const byIndex = new Map<number, UsableShard[]>();
  for (const shard of usable) {
    const { index } = shard.marker.shard;
    byIndex.set(index, [...(byIndex.get(index) ?? []), shard]);
  }
  const missing = gapsOf([...byIndex.keys()], total);
  const problems = [
    ...named(foreign, (paths) => `${paths} made for another model, image set or settings`),
    ...(counts.length > 1 ? [`The shards are parts of different divisions: of ${counts.join(' and of ')}`] : []),
    ...(counts.length > 1
      ? []
      : [...byIndex].flatMap(([index, list]) =>
          list.length > 1 ? [`Shard ${index} of ${total} is named ${list.length} times: ${pathsText(list)}`] : [],
        )),
    ...named(partial, (paths) => `${paths} stopped early and not finished`),
    ...unpaired(found),
    ...(counts.length > 1 || missing.length === 0 ? [] : [missingText(missing, total)]),
  ];
  if (problems.length > 0 || usable.length === 0) throw mismatch(problems);
  return usable.sort((a, b) => a.marker.shard.index - b.marker.shard.index);
}

/** Paths that one message lists. */
const SHOWN_PATHS = 5;

function pathsText(list: readonly { readonly path: string }[]): string {
  const shown = list.slice(0, SHOWN_PATHS).map(({ path }) => path);
  const more = list.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function named(list: readonly { readonly path: string }[], text: (paths: string) => string): string[] {
  return list.length === 0 ? [] : [text(`${pathsText(list)} ${list.length === 1 ? 'was' : 'were'}`)];
}

function unpaired(found: readonly ListedShard[]): string[] {
  const list = found.filter(({ marker }) => marker === null);
  const [first] = list;
  if (first === undefined) return [];
  return [
    `${pathsText(list)} cannot be checked, because ${markerPath(first.path)} is missing or damaged: a shard is the two ` +
      'files, and its second file is written last',
  ];
}

/** First and last number of a range. */
type Range = readonly [number, number];

/** The numbers from 1 to `total` that are not among the indices. The total is that of a file and may be of any size. */
function gapsOf(indices: readonly number[], total: number): Range[] {
  const gaps: Range[] = [];
  let next = 1;
  for (const index of [...indices.toSorted((a, b) => a - b), total + 1]) {
    if (index > next) gaps.push([next, index - 1]);
    next = index + 1;
  }
  return gaps;
}

/** `Shards 3, 5 to 7 of 8 are missing`. */
function missingText(missing: readonly Range[], total: number): string {
  const text = missing.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`)).join(', ');
  const isOne = missing.length === 1 && missing[0]?.[0] === missing[0]?.[1];
  return isOne ? `Shard ${text} of ${total} is missing` : `Shards ${text} of ${total} are missing`;
}

function mismatch(problems: readonly string[]): WorkbenchError {
  return new WorkbenchError('calibration-mismatch', problems.join('. ') || 'Expected at least one shard to merge', {
    hint: advise('repeat-shard'),
  });
}
