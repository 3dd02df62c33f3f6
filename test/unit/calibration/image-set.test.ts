import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileHashes } from '../../../src-main/base/file-hash';
import { imageHash, loadImageSet, setManifestHash } from '../../../src-main/calibration/images/image-set';
import { fileOfImageId, imageId } from '../../../src-shared/domain/project/image-set';
import { sharedDir, sharedPath } from '../../support/shared';
import { useTempDirs } from '../../support/temp-dir';
import { fixture } from './fixtures';

const tempDir = useTempDirs();

/** Makes files (images hold their own name: sets are not decoded) and returns the folder. */
function folderOf(files: readonly string[], texts: Readonly<Record<string, string>> = {}): string {
  const dir = tempDir();
  const all = { ...Object.fromEntries(files.map((file) => [file, file])), ...texts };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
  }
  return dir;
}

async function summary(request: Parameters<typeof loadImageSet>[0]): Promise<readonly string[]> {
  const set = await loadImageSet(request);
  return set.entries.map((entry) => `${entry.file} ${entry.label ?? '-'} ${entry.group ?? '-'}`);
}

describe('folders', () => {
  it('are read in code-unit order of relative paths', async () => {
    const path = folderOf(['b.png', 'B.png', 'a/x.png', 'a.png', 'a-1.png', 'é.png']);
    expect((await loadImageSet({ path })).entries.map((entry) => entry.file)).toEqual([
      'B.png',
      'a-1.png',
      'a.png',
      'a/x.png',
      'b.png',
      'é.png',
    ]);
  });
  it('images only: no labels, no groups', async () => {
    const set = await loadImageSet({ path: folderOf(['a.jpg', 'b.PNG']) });
    expect(set).toMatchObject({ labelSource: 'none', classNames: [], groups: [], skipped: [] });
    expect(set.entries[0]).toMatchObject({ label: null, group: null, record: null });
  });
  it('innermost folder is the label, folders above it the group, over the union of names', async () => {
    const path = folderOf(['day/A/1.png', 'day/7/1.png', 'night/B/1.png', 'night/7/2.png']);
    expect(await summary({ path })).toEqual([
      'day/7/1.png 0 day',
      'day/A/1.png 1 day',
      'night/7/2.png 0 night',
      'night/B/1.png 2 night',
    ]);
    expect(await loadImageSet({ path })).toMatchObject({
      classNames: ['7', 'A', 'B'],
      groups: ['day', 'night'],
      labelSource: 'folders',
    });
  });
  it('deeper groups keep all their folders', async () => {
    expect(await summary({ path: folderOf(['rain/day/0/1.png', 'rain/day/1/1.png']) })).toEqual([
      'rain/day/0/1.png 0 rain/day',
      'rain/day/1/1.png 1 rain/day',
    ]);
  });
  it('a single class folder says nothing; images above class folders have no label', async () => {
    expect(await summary({ path: folderOf(['images/1.png', 'images/2.png']) })).toEqual([
      'images/1.png - -',
      'images/2.png - -',
    ]);
    expect(await summary({ path: folderOf(['day/images/1.png', 'night/images/2.png']) })).toEqual([
      'day/images/1.png - day',
      'night/images/2.png - night',
    ]);
    expect(await summary({ path: folderOf(['day/1.png', 'day/a/1.png', 'day/b/1.png']) })).toEqual([
      'day/1.png - day',
      'day/a/1.png 0 day',
      'day/b/1.png 1 day',
    ]);
  });
  it('class names that were given fix the indices, or make the folders groups', async () => {
    const path = folderOf(['b/1.png', 'c/1.png']);
    expect(await summary({ path, classNames: ['a', 'b', 'c'] })).toEqual(['b/1.png 1 -', 'c/1.png 2 -']);
    expect(await summary({ path, classNames: ['cat', 'dog'] })).toEqual(['b/1.png - b', 'c/1.png - c']);
    await expect(loadImageSet({ path, classNames: ['a', 'b'] })).rejects.toMatchObject({
      code: 'labels-invalid',
      message: expect.stringContaining('"c" (c/1.png)') as string,
    });
  });
  it('that are numbers are in text order, as in torchvision, and it is said; numeric order on request', async () => {
    const path = folderOf(Array.from({ length: 12 }, (_, i) => `day/${i}/x.png`));
    const text = await loadImageSet({ path });
    expect(text.classNames).toEqual(['0', '1', '10', '11', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(text).toMatchObject({
      labelOrder: 'text',
      notes: [
        {
          code: 'labels-order',
          message: expect.stringContaining(
            'in text order: folder "0" is class 0, folder "1" is class 1, folder "10" is class 2.',
          ) as string,
        },
      ],
    });
    const numeric = await loadImageSet({ path, labelOrder: 'numeric' });
    expect(numeric.entries.map(({ file, label }) => [file, label])).toEqual(
      text.entries.map(({ file }) => [file, Number(file.split('/')[1])]),
    );
    expect(numeric).toMatchObject({
      labelOrder: 'numeric',
      notes: [{ code: 'labels-order', message: expect.stringContaining('in numeric order') as string }],
    });
    // Nothing to choose: one digit each, padded numbers, names.
    for (const names of [
      ['0', '1', '2'],
      ['01', '02', '10'],
      ['class1', 'class10', 'class2'],
    ]) {
      expect(await loadImageSet({ path: folderOf(names.map((name) => `${name}/x.png`)) })).not.toHaveProperty(
        'labelOrder',
      );
    }
  });
  it('leaves out hidden and other files, names what it skips', async () => {
    const path = folderOf(['a.png', '.b.png', '__MACOSX/c.png', '.git/d.png', 'clip.mp4', 'noext'], {
      'readme.md': 'x',
      'empty.jpg': '',
      'bad.npy': 'no array',
    });
    const set = await loadImageSet({ path });
    expect(set.entries.map((entry) => entry.file)).toEqual(['a.png']);
    expect(set.skipped.map((item) => item.file)).toEqual(['bad.npy', 'clip.mp4', 'empty.jpg', 'noext']);
    expect(set.skipped.find((item) => item.file === 'empty.jpg')?.reason).toBe('the file is empty');
  });
  it('follows links once and never in circles', async () => {
    const path = folderOf(['real/a.png']);
    symlinkSync(join(path, 'real'), join(path, 'link'));
    symlinkSync(path, join(path, 'real/up'));
    symlinkSync(join(path, 'gone.png'), join(path, 'dangling.png'));
    const set = await loadImageSet({ path });
    expect(set.entries.map((entry) => entry.file)).toEqual(['link/a.png', 'real/a.png']);
    expect(set.skipped).toEqual([{ file: 'dangling.png', reason: 'the link leads nowhere' }]);
  });
  it('says what is missing', async () => {
    await expect(loadImageSet({ path: folderOf(['x.txt']) })).rejects.toMatchObject({ code: 'images-empty' });
    await expect(loadImageSet({ path: folderOf(['x.mp4']) })).rejects.toThrow(
      /1 file left out, the first x\.mp4: not an image type/,
    );
    await expect(loadImageSet({ path: '/no/such/folder' })).rejects.toMatchObject({
      code: 'not-found',
      message: 'Image set /no/such/folder does not exist',
    });
  });
});

describe('lists', () => {
  it('keep their order and are relative to themselves', async () => {
    const dir = folderOf(['set/b/1.png', 'set/a/1.png', 'set/a/2.png'], {
      'lists/val.txt':
        '\uFEFF# comment\r\n../set/b/1.png\r\n\r\n..\\set\\a\\2.png\r\n../set/a/1.png\r\n../set/b/1.png\r\n../set/c.png\r\n',
    });
    const set = await loadImageSet({ path: join(dir, 'lists/val.txt') });
    expect(set.entries.map((entry) => [entry.file, entry.label, entry.group])).toEqual([
      ['../set/b/1.png', 1, null],
      ['../set/a/2.png', 0, null],
      ['../set/a/1.png', 0, null],
      ['../set/b/1.png', 1, null],
    ]);
    expect(set.entries.map(imageId)).toEqual([
      '../set/b/1.png',
      '../set/a/2.png',
      '../set/a/1.png',
      '../set/b/1.png (listing 2)',
    ]);
    expect(set.skipped).toEqual([{ file: '../set/c.png', reason: 'the file does not exist' }]);
    expect(set.notes).toEqual([
      {
        code: 'images-repeated',
        message:
          '1 file of the list is named more than once and counted as often as named; the first one: ../set/b/1.png',
      },
    ]);
  });
  it('that repeat files are other sets than those that name them once; a repeated file that is missing is named once', async () => {
    const dir = folderOf(['a.png', 'b.png'], {
      'labels.csv': 'a.png,1\nb.png,0',
      'once.txt': 'a.png\nb.png',
      'twice.txt': 'b.png\na.png\na.png\ngone.png\ngone.png\nx.mp4\nx.mp4',
      'again.txt': 'a.png\nb.png\na.png',
    });
    const [once, twice, again] = await Promise.all(
      ['once.txt', 'twice.txt', 'again.txt'].map((name) => loadImageSet({ path: join(dir, name) })),
    );
    expect(twice?.entries.map((entry) => [imageId(entry), entry.label])).toEqual([
      ['b.png', 0],
      ['a.png', 1],
      ['a.png (listing 2)', 1],
    ]);
    expect(twice?.skipped.map(({ file }) => file)).toEqual(['gone.png', 'x.mp4']);
    const hashes = await Promise.all([once, twice, again].map((set) => setManifestHash(set ?? { entries: [] })));
    expect(hashes[1]).not.toBe(hashes[0]);
    expect(hashes[2]).toBe(hashes[1]);
  });
  it('that repeat an array repeat its records', async () => {
    const dir = folderOf([], { 'list.txt': 'batch-f4.npy\nbatch-f4.npy' });
    copyFileSync(fixture('batch-f4.npy'), join(dir, 'batch-f4.npy'));
    const { entries } = await loadImageSet({ path: join(dir, 'list.txt') });
    expect(entries.map(imageId)).toEqual([
      'batch-f4.npy#0',
      'batch-f4.npy#1',
      'batch-f4.npy#2',
      'batch-f4.npy#0 (listing 2)',
      'batch-f4.npy#1 (listing 2)',
      'batch-f4.npy#2 (listing 2)',
    ]);
    expect(entries.map((entry) => fileOfImageId(imageId(entry)))).toEqual(
      Array.from({ length: 6 }, () => 'batch-f4.npy'),
    );
  });
  it('a list of several groups keeps them apart', async () => {
    const dir = folderOf(['s/day/0/a.png', 's/night/1/a.png'], { 'l/val.txt': '../s/night/1/a.png\n../s/day/0/a.png' });
    expect(await summary({ path: join(dir, 'l/val.txt') })).toEqual([
      '../s/night/1/a.png 1 night',
      '../s/day/0/a.png 0 day',
    ]);
  });
});

describe('arrays', () => {
  it('give one entry per record', async () => {
    const dir = tempDir();
    for (const name of ['batch-f4.npy', 'deflated.npz', 'pixels-hwc.npy', 'int.npy'])
      copyFileSync(fixture(name), join(dir, name));
    const set = await loadImageSet({ path: dir });
    expect(set.entries.map((entry) => `${entry.file}#${entry.record}`)).toEqual([
      'batch-f4.npy#0',
      'batch-f4.npy#1',
      'batch-f4.npy#2',
      'deflated.npz#0',
      'deflated.npz#1',
      'deflated.npz#2',
      'pixels-hwc.npy#null',
    ]);
    expect(set.skipped[0]?.reason).toContain("found '<i8'");
    expect((await loadImageSet({ path: join(dir, 'batch-f4.npy') })).entries).toHaveLength(3);
  });
});

describe('setManifestHash', () => {
  it('depends on names and content, not on order, place or labels', async () => {
    const files = ['a/1.png', 'b/2.png'];
    const first = folderOf(files);
    const second = folderOf(files, { 'labels.csv': 'a/1.png,5\nb/2.png,6', 'list.txt': 'b/2.png\na/1.png' });
    const hash = async (path: string): Promise<string> => setManifestHash(await loadImageSet({ path }));
    expect(await hash(first)).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash(second)).toBe(await hash(first));
    expect(await hash(join(second, 'list.txt'))).toBe(await hash(first));
    expect(await hash(folderOf(['a/1.png', 'b/3.png']))).not.toBe(await hash(first));
    expect(await hash(folderOf(files, { 'a/1.png': 'other' }))).not.toBe(await hash(first));
  });
  it('reads every file once, however many records, hashes and runs ask for it', async () => {
    const folder = folderOf(['a.png', 'b.png']);
    copyFileSync(fixture('batch-f4.npy'), join(folder, 'records.npy'));
    const set = await loadImageSet({ path: folder });
    expect(set.entries.filter(({ record }) => record !== null).length).toBeGreaterThan(2);
    const before = fileHashes.readCount;
    for (let run = 0; run < 2; run++) {
      await setManifestHash(set);
      for (const entry of set.entries) await imageHash(entry);
    }
    expect(fileHashes.readCount - before).toBe(3);
    const manifest = await setManifestHash(set);
    writeFileSync(join(folder, 'b.png'), 'changed');
    expect(await setManifestHash(set)).not.toBe(manifest);
    expect(fileHashes.readCount - before).toBe(4);
  });
  it('ends when it is cancelled', async () => {
    const set = await loadImageSet({ path: folderOf(['a.png']) });
    await expect(setManifestHash(set, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe.skipIf(sharedDir() === null)('real sets', () => {
  it.each([
    {
      folder: 'plates/validation',
      images: 2000,
      classes: 33,
      groups: ['day', 'night'],
      labelSource: 'folders',
      lastName: 'Z',
    },
    {
      folder: 'cifar10/validation',
      images: 2000,
      classes: 10,
      groups: [],
      labelSource: 'folders',
      lastName: '9_truck',
    },
    { folder: 'mnist/validation', images: 1000, classes: 10, groups: [], labelSource: 'csv', lastName: '9' },
    { folder: 'imagenet/calibration', images: 400, classes: 1000, groups: [], labelSource: 'csv', lastName: undefined },
    { folder: 'faces', images: 46, classes: 0, groups: [], labelSource: 'none', lastName: undefined },
  ])('$folder', async ({ folder, images, classes, groups, labelSource, lastName }) => {
    const set = await loadImageSet({ path: sharedPath('data', ...folder.split('/')) });
    expect(set.entries).toHaveLength(images);
    expect(set).toMatchObject({ groups, labelSource, skipped: [] });
    expect(set.notes).toBeUndefined();
    expect(set.classNames.length).toBeLessThanOrEqual(classes);
    expect(set.entries.every((entry) => (entry.label === null) === (labelSource === 'none'))).toBe(true);
    if (lastName !== undefined) expect(set.classNames[classes - 1]).toBe(lastName);
  });
});
