import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asFoldSet, dealFolds, foldCount, foldName } from '../../../../src-main/app/health/collect';
import type { ImageEntry, ImageSet } from '../../../../src-shared/domain/project/image-set';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-folds-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A set of files with the content given, under names that say nothing about it. */
function setOf(contents: readonly (readonly [content: string, group: string | null])[], prefix: string): ImageSet {
  const entries = contents.map(([content, group], i): ImageEntry => {
    const file = `${prefix}${i}.png`;
    writeFileSync(join(dir, file), content);
    return { path: join(dir, file), file, label: null, group, record: null };
  });
  return {
    root: dir,
    entries,
    classNames: [],
    groups: [...new Set(contents.map(([, group]) => group).filter((group) => group !== null))],
    labelSource: 'none',
    skipped: [],
  };
}

const contentsOf = (
  prefix: string,
  contents: readonly (readonly [string, string | null])[],
  folds: Awaited<ReturnType<typeof dealFolds>>,
) =>
  folds.map(({ group, folds: parts }) => [
    group,
    parts.map((images) => images.map(({ file }) => contents[Number(file.slice(prefix.length, -4))]?.[0]).sort()),
  ]);

it('are equal parts by content, whatever files are called and in whatever order they come', async () => {
  const contents = Array.from({ length: 10 }, (_, i) => [`content ${i}`, null] as const);
  const shuffled = [...contents.slice(4), ...contents.slice(0, 4)];
  const set = setOf(contents, 'a');
  const other = setOf(shuffled, 'renamed');
  const folds = await dealFolds(set, 4, {});
  expect(folds.map(({ folds: parts }) => parts.map((images) => images.length))).toEqual([[3, 3, 2, 2]]);
  expect(contentsOf('renamed', shuffled, await dealFolds(other, 4, {}))).toEqual(contentsOf('a', contents, folds));
});

it('are dealt per group; few images have a fold each, and too many groups are taken together', async () => {
  const contents = [
    ...Array.from({ length: 12 }, (_, i) => [`day ${i}`, 'day'] as const),
    ['night 0', 'night'] as const,
    ['night 1', 'night'] as const,
  ];
  const set = setOf(contents, 'g');
  const folds = await dealFolds(set, 8, {});
  expect(folds.map(({ group, folds: parts }) => [group, parts.map((images) => images.length)])).toEqual([
    ['day', [3, 3, 3, 3]],
    ['night', [1, 1]],
  ]);
  const folded = asFoldSet(set, folds);
  expect(folded.groups).toEqual(
    [...[0, 1, 2, 3].map((fold) => foldName('day', fold)), ...[0, 1].map((fold) => foldName('night', fold))].sort(),
  );
  expect(folded.entries.map(({ file }) => file)).toEqual(set.entries.map(({ file }) => file));
  expect((await dealFolds(set, 3, {})).map(({ group, folds: parts }) => [group, parts.length])).toEqual([[null, 3]]);
});

it('are as many as memory allows', () => {
  expect(foldCount(10)).toBe(64);
  expect(foldCount(100)).toBe(29);
  expect(foldCount(1000)).toBe(8);
});

it('end on a cancel, and name a file that is gone', async () => {
  const set = setOf(
    [
      ['x', null],
      ['y', null],
    ],
    'c',
  );
  await expect(dealFolds(set, 2, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  rmSync(join(dir, 'c1.png'));
  await expect(dealFolds(set, 2, {})).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('c1.png') as string,
  });
});
