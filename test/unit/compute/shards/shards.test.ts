import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { completeShards, kindOfShards, listShards } from '../../../../src-main/compute/shards/find-shards';
import {
  findShard,
  markerPath,
  readMarker,
  readShard,
  removeShard,
  writeShard,
} from '../../../../src-main/compute/shards/shard-store';
import type { ShardedKind } from '../../../../src-shared/contract/job-specs';
import { useTempDirs } from '../../../support/temp-dir';

const makeDir = useTempDirs();
let root = '';
let dir = '';
beforeEach(() => {
  root = makeDir();
  dir = join(root, 'shards');
  mkdirSync(dir, { recursive: true });
});

interface Written {
  readonly kind?: ShardedKind;
  readonly key?: string;
  readonly isPartial?: boolean;
  readonly folder?: string;
}

const write = (
  index: number,
  count: number,
  { kind = 'calibrate', key = 'k', isPartial = false, folder = dir }: Written = {},
) =>
  writeShard(folder, { kind, shard: { index, count } }, Buffer.from(`content of ${kind} ${index}/${count}`), {
    key,
    done: 5,
    seconds: 1.5,
    spec: { kind },
    isPartial,
  });

const merged = async (paths: readonly string[], key = 'k'): Promise<readonly number[]> => {
  const found = await listShards(paths);
  return completeShards(found, kindOfShards(found, undefined), key).map(({ marker }) => marker.shard.index);
};

describe('a shard', () => {
  it('is found again by its identity and key', async () => {
    const path = await write(2, 3);
    expect(path).toBe(join(dir, 'calibrate-2-of-3.shard'));
    const identity = { kind: 'calibrate', shard: { index: 2, count: 3 } } as const;
    const found = await findShard(dir, identity, 'k');
    expect(found?.bytes.toString()).toBe('content of calibrate 2/3');
    expect(found?.marker).toMatchObject({ done: 5, seconds: 1.5, spec: { kind: 'calibrate' } });
    expect(await findShard(dir, identity, 'other')).toBeNull();
    expect(await findShard(dir, { ...identity, shard: { index: 1, count: 3 } }, 'k')).toBeNull();
    expect(await findShard(dir, { ...identity, kind: 'validate' }, 'k')).toBeNull();
    await removeShard(dir, identity, false);
    expect(await findShard(dir, identity, 'k')).toBeNull();
  });

  it('does not count while its content is incomplete, and without its marker', async () => {
    const identity = { kind: 'calibrate', shard: { index: 1, count: 1 } } as const;
    const path = await write(1, 1);
    truncateSync(path, 4);
    expect(await findShard(dir, identity, 'k')).toBeNull();
    await expect(readShard(path, readMarker(path)?.sha256 ?? '')).rejects.toThrow(/is damaged/);
    await write(1, 1);
    truncateSync(markerPath(path), 20);
    expect(readMarker(path)).toBeNull();
    expect(await findShard(dir, identity, 'k')).toBeNull();
    rmSync(markerPath(path));
    expect(await findShard(dir, identity, 'k')).toBeNull();
  });

  it('has the same bytes whoever writes it, so that two writers do not harm each other', async () => {
    const path = await write(1, 2);
    const before = [readFileSync(path), readFileSync(markerPath(path))];
    await write(1, 2);
    expect([readFileSync(path), readFileSync(markerPath(path))]).toEqual(before);
  });
});

describe('shards to merge', () => {
  it('are files, folders and projects, in any order and each once', async () => {
    const project = join(root, 'p.calib');
    mkdirSync(project, { recursive: true });
    writeFileSync(join(project, 'project.json'), '{}');
    const [one, two, three] = [
      await write(1, 3),
      await write(2, 3, { folder: join(project, 'shards') }),
      await write(3, 3, { folder: join(root, 'elsewhere') }),
    ];
    expect(await merged([three, dir, project])).toEqual([1, 2, 3]);
    expect(await merged([dir, one, two, three, project])).toEqual([1, 2, 3]);
  });

  it('may be named by a pattern of a shell, which finds both files of each', async () => {
    const [one, two] = [await write(1, 2), await write(2, 2)];
    expect(await merged([one, `${one}.json`, two, `${two}.json`])).toEqual([1, 2]);
  });

  it('are refused with everything that is wrong with them', async () => {
    await write(1, 6);
    await write(3, 6, { key: 'other' });
    await write(4, 6, { isPartial: true });
    const unpaired = await write(6, 6);
    rmSync(markerPath(unpaired));
    const copy = join(dir, 'copy');
    const first = join(dir, 'calibrate-1-of-6.shard');
    copyFileSync(first, copy);
    copyFileSync(markerPath(first), markerPath(copy));
    const error = await merged([dir, copy]).catch((reason: unknown) => String(reason));
    expect(error).toContain('calibrate-3-of-6.shard was made for another model, image set or settings');
    expect(error).toContain('calibrate-4-of-6.partial was stopped early and not finished');
    expect(error).toContain(`Shard 1 of 6 is named 2 times: ${first}, ${copy}`);
    expect(error).toContain(`${unpaired} cannot be checked, because ${markerPath(unpaired)} is missing or damaged`);
    expect(error).toContain('Shards 2 to 6 of 6 are missing');
  });

  it('name a single missing one, and ranges', async () => {
    await write(1, 2);
    await expect(merged([dir])).rejects.toThrow(/Shard 2 of 2 is missing/);
    for (const index of [2, 3, 7]) await write(index, 9, { folder: join(root, 'nine') });
    await expect(merged([join(root, 'nine')])).rejects.toThrow(/Shards 1, 4 to 6, 8 to 9 of 9 are missing/);
    // A damaged marker may name any number.
    await write(2, Number.MAX_SAFE_INTEGER, { folder: join(root, 'many') });
    await expect(merged([join(root, 'many')])).rejects.toThrow(/Shards 1, 3 to 9007199254740991 of/);
  });

  it('are of one division', async () => {
    await write(1, 2);
    await write(2, 3);
    await expect(merged([dir])).rejects.toThrow(/different divisions: of 2 and of 3/);
  });

  it('are of one kind', async () => {
    await write(1, 1);
    await write(1, 1, { kind: 'validate' });
    await expect(merged([dir])).rejects.toThrow(/found shards of calibrate and validate/);
    const found = await listShards([dir]);
    expect(completeShards(found, kindOfShards(found, 'validate'), 'k')).toHaveLength(1);
    expect(() => kindOfShards(found, 'search')).toThrow(
      /No shard is of search; there are shards of calibrate, validate/,
    );
  });

  it('exist', async () => {
    await expect(merged([dir])).rejects.toThrow(/Expected shards in the folder .*, found none/);
    await expect(merged([join(dir, 'calibrate-1-of-2.shard')])).rejects.toThrow(/does not exist/);
  });

  it('may have unfinished files of shards that were finished later', async () => {
    await write(1, 1, { isPartial: true });
    await write(1, 1);
    appendFileSync(join(dir, 'notes.txt'), 'no shard');
    expect(await merged([dir])).toEqual([1]);
  });
});
