import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { Arrivals, type ArrivalOptions } from '../../../../src-main/cli/watch/arrivals';
import { useTempDirs } from '../../../support/temp-dir';

const tempDir = useTempDirs();
let now = 0;
let dir = '';

beforeEach(() => {
  now = 0;
  dir = tempDir();
});

const arrivalsOf = (options: Partial<ArrivalOptions> = {}): Arrivals =>
  new Arrivals(dir, { settleMs: 2000, ignoresPresent: false, clock: () => now, ...options });
const names = async (arrivals: Arrivals): Promise<string[]> =>
  (await arrivals.scan()).map(({ path }) => path.slice(dir.length + 1));

function old(path: string): void {
  const at = new Date(Date.now() - 60_000);
  utimesSync(path, at, at);
}

it('reports images once, in sub-folders too, and no other files', async () => {
  mkdirSync(join(dir, 'front/left'), { recursive: true });
  for (const file of ['b.png', 'front/left/a.jpg', 'notes.txt', '.hidden.png']) {
    writeFileSync(join(dir, file), 'x');
    old(join(dir, file));
  }
  const arrivals = arrivalsOf();
  const found = await arrivals.scan();
  expect(found.map(({ path, folder }) => [path.slice(dir.length + 1), folder])).toEqual([
    ['b.png', null],
    ['front/left/a.jpg', 'front'],
  ]);
  expect(await names(arrivals)).toEqual([]);
});

it('waits for a file that is still being written', async () => {
  const arrivals = arrivalsOf();
  writeFileSync(join(dir, 'a.png'), 'half');
  expect(await names(arrivals)).toEqual([]);
  expect(arrivals.unfinished).toBe(1);
  now = 1900;
  writeFileSync(join(dir, 'a.png'), 'half and the rest');
  expect(await names(arrivals)).toEqual([]);
  now = 3000;
  expect(await names(arrivals)).toEqual([]);
  now = 3900;
  expect(await names(arrivals)).toEqual(['a.png']);
  expect(arrivals.unfinished).toBe(0);
});

it('reports a file that was written again, and waits longer for an empty one', async () => {
  writeFileSync(join(dir, 'a.png'), 'one');
  writeFileSync(join(dir, 'empty.png'), '');
  const arrivals = arrivalsOf({ settleMs: 1000 });
  await arrivals.scan();
  now = 1000;
  expect(await names(arrivals)).toEqual(['a.png']);
  writeFileSync(join(dir, 'a.png'), 'two two');
  await arrivals.scan();
  now = 2000;
  expect(await names(arrivals)).toEqual(['a.png']);
  now = 10_000;
  expect(await names(arrivals)).toEqual(['empty.png']);
});

it('leaves out what is there at the start, if it should', async () => {
  writeFileSync(join(dir, 'old.png'), 'x');
  old(join(dir, 'old.png'));
  const arrivals = arrivalsOf({ ignoresPresent: true });
  expect(await names(arrivals)).toEqual([]);
  writeFileSync(join(dir, 'new.png'), 'x');
  old(join(dir, 'new.png'));
  expect(await names(arrivals)).toEqual(['new.png']);
});

it('names a folder that does not exist', async () => {
  rmSync(dir, { recursive: true });
  await expect(arrivalsOf().scan()).rejects.toMatchObject({ code: 'not-found' });
});
