import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadImageSet } from '../../../../src-main/calibration/images/image-set';
import type { ImageSet } from '../../../../src-shared/domain/project/image-set';
import { sharedDir, sharedPath } from '../../../support/shared';
import { useTempDirs } from '../../../support/temp-dir';

const tempDir = useTempDirs();

async function setOf(files: readonly string[], csv: string, classNames?: readonly string[]): Promise<ImageSet> {
  const dir = tempDir();
  for (const file of files) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), 'x');
  }
  writeFileSync(join(dir, 'labels.csv'), csv);
  return loadImageSet({ path: dir, ...(classNames === undefined ? {} : { classNames }) });
}
const labelsOf = (set: ImageSet): readonly (number | null)[] => set.entries.map((entry) => entry.label);

describe('labels.csv', () => {
  it('holds indices, without a header', async () => {
    const set = await setOf(['a.png', 'b.png'], 'b.png,3\na.png,0\n');
    expect(labelsOf(set)).toEqual([0, 3]);
    expect(set).toMatchObject({ classNames: [], labelSource: 'csv', groups: [] });
  });
  it('separates fields by commas although quoted fields hold other separators', async () => {
    expect(labelsOf(await setOf(['a;b.png', 'c|d.png'], '"a;b.png",3\n"c|d.png",\t1\n'))).toEqual([3, 1]);
    expect(labelsOf(await setOf(['a,b.png', '5" c.png'], '"a,b.png";3\r\n5" c.png;1\r\n'))).toEqual([1, 3]);
  });
  it('holds names, whose indices are the sorted union; BOM, CRLF, quotes, comments, blanks, spaces', async () => {
    const csv = '\uFEFFfile,label\r\n# a comment\r\n"a, 1.png","say ""hi"""\r\n\r\n b.png , zebra \r\nc.png,ant';
    const set = await setOf(['a, 1.png', 'b.png', 'c.png'], csv);
    expect(set.classNames).toEqual(['ant', 'say "hi"', 'zebra']);
    expect(labelsOf(set)).toEqual([1, 2, 0]);
  });
  it('takes names from a name column and counts the rest', async () => {
    const set = await setOf(['a.png', 'b.png'], 'file,label_index,label_name\na.png,2,"cat, tabby"\nb.png,0,dog');
    expect(set.classNames).toEqual(['dog', '1', 'cat, tabby']);
  });
  it('takes indices from the class names that were given', async () => {
    expect(labelsOf(await setOf(['a.png'], 'a.png,dog', ['cat', 'dog']))).toEqual([1]);
    await expect(setOf(['a.png'], 'a.png,cow', ['cat', 'dog'])).rejects.toThrow(
      /Expected one of 2 class names at .*labels\.csv:1, found "cow"/,
    );
  });
  it('tells groups from class folders', async () => {
    const groups = async (files: readonly string[], csv: string): Promise<unknown> =>
      (await setOf(files, csv)).entries.map((entry) => entry.group);
    expect(await groups(['day/a.png', 'day/b.png', 'night/a.png'], 'day/a.png,0\nday/b.png,1\nnight/a.png,0')).toEqual([
      'day',
      'day',
      'night',
    ]);
    expect(await groups(['0/a.png', '1/b.png'], '0/a.png,0\n1/b.png,1')).toEqual([null, null]);
    expect(await groups(['day/0/a.png', 'night/1/b.png'], 'day/0/a.png,0\nnight/1/b.png,1')).toEqual(['day', 'night']);
    expect(await groups(['a.png', 'b.png'], 'file,label,group\na.png,0,dusk\nb.png,0,')).toEqual(['dusk', null]);
  });
  it('names and counts images without a line and lines without an image', async () => {
    const set = await setOf(['a.png', 'b.png', 'c.png'], 'a.png,0\nx.png,1\ny.png,1');
    expect(labelsOf(set)).toEqual([0, null, null]);
    expect(set.notes?.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^2 of 3 lines of .*labels\.csv name a file that is not in the set; the first one: x\.png$/,
      ),
      expect.stringMatching(/^2 of 3 images have no label in .*labels\.csv; the first one: b\.png$/),
    ]);
  });
  it.each([
    ['a.png', /Expected a file and a label at .*:1, found "a\.png" and ""/],
    ['a.png,-1', /Expected a label index from 0 at .*:1, found -1/],
    ['a.png,99999999', /label index up to/],
    ['a.png,1\na.png,2', /a\.png has two labels: 1 and 2/],
    ['z.png,1', /None of the 1 files that .* names is in/],
    ['', /None of the 0 files/],
    ['"a.png,1', /quote that opens at .*:1 is never closed/],
    ['x.png,0\n# "comment\n\n"a.png,1\nb.png,2', /quote that opens at .*:4 is never closed/],
    ['file,label\n"x\ny.png",0\n"a.png"b,1', /separator after the closing quote at .*:4, found text/],
    ['x.png,0\n"y\nz.png",1\na.png,-1', /index from 0 at .*:4, found -1/],
  ])('refuses %j', async (csv, message) => {
    await expect(setOf(['a.png'], csv)).rejects.toMatchObject({
      code: 'labels-invalid',
      message: expect.stringMatching(message) as string,
    });
  });
  it('that was named but does not exist is an error', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'a.png'), 'x');
    await expect(loadImageSet({ path: dir, labelsPath: join(dir, 'none.csv') })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

const notesOf = (set: ImageSet, code: string): readonly string[] =>
  (set.notes ?? []).filter((note) => note.code === code).map(({ message }) => message);

describe('the columns of a labels file', () => {
  const FILES = ['im0.png', 'im1.png', 'im2.png', 'im3.png'];
  const WANTED = [2, 10, 2, 0];

  it.each([
    ['a header of other words', 'image_name,category\nim0.png,2\nim1.png,10\nim2.png,2\nim3.png,0'],
    ['a header that nobody knows', 'bild,klasse\nim0.png,2\nim1.png,10\nim2.png,2\nim3.png,0'],
    ['the label first', 'category,picture\n2,im0.png\n10,im1.png\n2,im2.png\n0,im3.png'],
    ['the label first, no header', '2,im0.png\n10,im1.png\n2,im2.png\n0,im3.png'],
    ['an index column that pandas writes', ',file,label\n0,im0.png,2\n1,im1.png,10\n2,im2.png,2\n3,im3.png,0'],
    [
      'an index column between file and label',
      'file,index,category\nim0.png,0,2\nim1.png,1,10\nim2.png,2,2\nim3.png,3,0',
    ],
    ['a numbered table without a header', '1,im0.png,2\n2,im1.png,10\n3,im2.png,2\n4,im3.png,0'],
    ['an id that does not count', 'id,file,what\n77,im0.png,2\n12,im1.png,10\n93,im2.png,2\n15,im3.png,0'],
    [
      'other columns beside the usual ones',
      'file,width,height,label\nim0.png,32,32,2\nim1.png,32,32,10\nim2.png,32,32,2\nim3.png,32,32,0',
    ],
    ['names beside indices', 'file,species,number\nim0.png,cat,2\nim1.png,dog,10\nim2.png,cat,2\nim3.png,ant,0'],
    ['semicolons', 'file;label\nim0.png;2\nim1.png;10\nim2.png;2\nim3.png;0'],
    ['semicolons and decimal commas', 'file;label\nim0.png;2,0\nim1.png;10,0\nim2.png;2,0\nim3.png;0,0'],
    ['tabs', 'im0.png\t2\nim1.png\t10\nim2.png\t2\nim3.png\t0'],
    ['spaces', 'im0.png 2\nim1.png  10\nim2.png 2\nim3.png 0'],
    ['floats', 'file,label\nim0.png,2.0\nim1.png,10.0\nim2.png,2.0\nim3.png,0.0'],
    [
      'floats of numpy.savetxt',
      'im0.png,2.000000e+00\nim1.png,1.000000e+01\nim2.png,2.000000e+00\nim3.png,0.000000e+00',
    ],
    [
      'quotes, a BOM and CRLF',
      '\uFEFF"file","label"\r\n"im0.png","2"\r\n"im1.png","10"\r\n"im2.png","2"\r\n"im3.png","0"\r\n',
    ],
    [
      'paths of another machine',
      'file,label\n/mnt/train/im0.png,2\n/mnt/train/im1.png,10\n/mnt/train/im2.png,2\n/mnt/train/im3.png,0',
    ],
    ['paths of Windows', 'file,label\nD:\\set\\im0.png,2\nD:\\set\\im1.png,10\nD:\\set\\IM2.PNG,2\nD:\\set\\im3.png,0'],
    ['names without an extension', 'id,label\nim0,2\nim1,10\nim2,2\nim3,0'],
    ['names of another format', 'file,label\nim0.jpg,2\nim1.jpg,10\nim2.jpg,2\nim3.jpg,0'],
  ])('are found: %s', async (_name, csv) => {
    expect(labelsOf(await setOf(FILES, csv))).toEqual(WANTED);
  });

  it('are read from UTF-16, as spreadsheets write it', async () => {
    const dir = tempDir();
    for (const file of FILES) writeFileSync(join(dir, file), 'x');
    const text = 'file\tlabel\r\nim0.png\t2\r\nim1.png\t10\r\nim2.png\t2\r\nim3.png\t0\r\n';
    writeFileSync(join(dir, 'labels.csv'), Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]));
    expect(labelsOf(await loadImageSet({ path: dir }))).toEqual(WANTED);
    writeFileSync(
      join(dir, 'labels.csv'),
      Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()]),
    );
    expect(labelsOf(await loadImageSet({ path: dir }))).toEqual(WANTED);
  });

  it('are said with three examples where they are in doubt, and not where they are plain', async () => {
    const [message] = notesOf(
      await setOf(FILES, 'n,picture,what\n0,im0.png,2\n1,im1.png,10\n2,im2.png,2\n3,im3.png,0'),
      'labels-reading',
    );
    expect(message).toBe(
      'labels.csv was read with files in column 2 ("picture") and labels in column 3 ("what"), as indices from 0: im0.png is 2, im1.png is 10, im2.png is 2. ' +
        'Reason to check: the header (n, picture, what) is not one of the usual ones; column 1 counts the lines and was left out.',
    );
    for (const plain of [
      'im0.png,2\nim1.png,10\nim2.png,2\nim3.png,0',
      'file,label\nim0.png,2\nim1.png,10',
      'image,class_name\nim0.png,cat\nim1.png,dog\nim2.png,cat\nim3.png,cat',
    ]) {
      expect(notesOf(await setOf(FILES, plain), 'labels-reading')).toEqual([]);
    }
  });

  it('keep ends of paths apart that several files share', async () => {
    const set = await setOf(
      ['day/1.png', 'night/1.png', 'night/2.png'],
      '/data/day/1.png,3\n/data/night/1.png,4\n/other/1.png,5\n2.png,6',
    );
    expect(labelsOf(set)).toEqual([3, 4, 6]);
    expect(notesOf(set, 'labels-missing')).toEqual([
      expect.stringMatching(/^1 of 4 lines .* the first one: \/other\/1\.png$/),
    ]);
  });

  it('take a line number for the label where there is nothing else', async () => {
    expect(labelsOf(await setOf(FILES, 'file,index\nim0.png,0\nim1.png,1\nim2.png,2\nim3.png,3'))).toEqual([
      0, 1, 2, 3,
    ]);
    expect(
      labelsOf(await setOf(FILES, 'file,label,label_name\nim0.png,0,z\nim1.png,1,y\nim2.png,2,x\nim3.png,3,w')),
    ).toEqual([0, 1, 2, 3]);
  });
});

describe('the labels of a labels file', () => {
  const files = Array.from({ length: 12 }, (_, i) => `${String(i).padStart(2, '0')}.png`);
  const csvOf = (labels: readonly string[]): string => labels.map((label, i) => `${files[i]},${label}`).join('\n');

  it.each(['unknown', 'weird', '', '-1', 'nan'])('stay indices when one of them is %j, which is named', async (odd) => {
    const set = await setOf(files, csvOf([odd, ...files.slice(1).map((_, i) => String(i + 1))]));
    expect(labelsOf(set)).toEqual([null, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(set.classNames).toEqual([]);
    expect(notesOf(set, 'labels-odd')).toEqual([expect.stringContaining(`1 of 12 labels of `) as string]);
    expect(notesOf(set, 'labels-odd')[0]).toContain(`was left out: "${odd}" (00.png)`);
  });

  it('are names where digits and letters are characters of one alphabet', async () => {
    const set = await setOf(files, csvOf(['0', '1', '2', '3', '4', '5', '6', '7', 'A', 'B', 'C', 'D']));
    expect(set.classNames).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', 'A', 'B', 'C', 'D']);
    expect(notesOf(set, 'labels-reading')[0]).toContain(
      'numbers (0, 1, 2) stand among names, and all of them were sorted as text',
    );
  });

  it('are names where most of them are; what is no label stays out', async () => {
    const set = await setOf(files.slice(0, 4), csvOf(['cat', 'dog', '', 'cat']));
    expect(labelsOf(set)).toEqual([0, 1, null, 0]);
    expect(notesOf(await setOf(files.slice(0, 3), csvOf(['Cat', 'cat', 'dog'])), 'labels-reading')[0]).toContain(
      '"Cat" and "cat" are two classes',
    );
  });

  it('that run from 1 to N may count from 1', async () => {
    expect(notesOf(await setOf(files, csvOf(files.map((_, i) => String(i + 1)))), 'labels-from-one')).toEqual([
      expect.stringContaining('run from 1 to 12 and none is 0') as string,
    ]);
    expect(notesOf(await setOf(files, csvOf(files.map((_, i) => String(i)))), 'labels-from-one')).toEqual([]);
    expect(notesOf(await setOf(files.slice(0, 3), csvOf(['1', '2', '4'])), 'labels-from-one')).toEqual([]);
  });

  it('that are no whole numbers, negative or contradict each other are refused or left out, by name', async () => {
    const left = await setOf(files.slice(0, 4), csvOf(['1', '0', '0.5', '2']));
    expect(labelsOf(left)).toEqual([1, 0, null, 2]);
    await expect(setOf(files.slice(0, 3), csvOf(['1', '-7', '2']))).rejects.toThrow(
      /Expected a label index from 0 at .*:2, found -7/,
    );
    await expect(setOf(['a.png'], 'a.png,1\nA.PNG,2\na.png,3')).rejects.toThrow(/a\.png has two labels: 1 and 3/);
  });

  it('take their order from a names file beside the images', async () => {
    const dir = tempDir();
    for (const file of ['a.png', 'b.png', 'c.png']) writeFileSync(join(dir, file), 'x');
    writeFileSync(join(dir, 'labels.csv'), 'a.png,dog\nb.png,cat\nc.png,dog');
    writeFileSync(join(dir, 'classes.txt'), 'dog\ncow\ncat\n');
    const set = await loadImageSet({ path: dir });
    expect(labelsOf(set)).toEqual([0, 2, 0]);
    expect(set.classNames).toEqual(['dog', 'cow', 'cat']);
    expect(notesOf(set, 'labels-names-file')).toEqual([
      'Class indices are the positions of the names in classes.txt (3 classes)',
    ]);

    writeFileSync(join(dir, 'classes.txt'), '0 cow\n1 cat\n');
    const other = await loadImageSet({ path: dir });
    expect(labelsOf(other)).toEqual([1, 0, 1]);
    expect(notesOf(other, 'labels-names-file')).toEqual([
      expect.stringContaining('lists 2 classes, but not "dog": it was not used') as string,
    ]);

    writeFileSync(join(dir, 'labels.csv'), 'a.png,1\nb.png,0\nc.png,0');
    expect(await loadImageSet({ path: dir })).toMatchObject({ classNames: ['cow', 'cat'] });
  });
});

describe.skipIf(sharedDir() === null)('the shared labels files', () => {
  const digits = (file: string): number => Number(/\d+/.exec(file)?.[0]) % 12;

  it.each(['float-labels.csv', 'unknown-header.csv'])('%s gives every image its class', async (name) => {
    const set = await loadImageSet({
      path: sharedPath('cases/labels/images'),
      labelsPath: sharedPath('cases/labels', name),
    });
    expect(labelsOf(set)).toEqual(set.entries.map(({ file }) => digits(file)));
  });
  it('one-odd-label.csv gives 47 of 48 images their class', async () => {
    const set = await loadImageSet({
      path: sharedPath('cases/labels/images'),
      labelsPath: sharedPath('cases/labels/one-odd-label.csv'),
    });
    expect(labelsOf(set)).toEqual(set.entries.map(({ file }) => (file === 'im000.png' ? null : digits(file))));
    expect(notesOf(set, 'labels-odd')[0]).toContain('"unknown" (im000.png)');
  });
});
