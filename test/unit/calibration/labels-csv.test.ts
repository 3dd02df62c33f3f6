import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadImageSet } from '../../../src-main/calibration/image-set';
import type { ImageSet } from '../../../src-shared/domain/image-set';
import { useTempDirs } from '../../support/temp-dir';

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
    await expect(setOf(['a.png'], 'a.png,cow', ['cat', 'dog'])).rejects.toThrow(/Expected one of 2 class names at .*labels\.csv:1, found "cow"/);
  });
  it('tells groups from class folders', async () => {
    const groups = async (files: readonly string[], csv: string): Promise<unknown> => (await setOf(files, csv)).entries.map((entry) => entry.group);
    expect(await groups(['day/a.png', 'day/b.png', 'night/a.png'], 'day/a.png,0\nday/b.png,1\nnight/a.png,0')).toEqual(['day', 'day', 'night']);
    expect(await groups(['0/a.png', '1/b.png'], '0/a.png,0\n1/b.png,1')).toEqual([null, null]);
    expect(await groups(['day/0/a.png', 'night/1/b.png'], 'day/0/a.png,0\nnight/1/b.png,1')).toEqual(['day', 'night']);
    expect(await groups(['a.png', 'b.png'], 'file,label,group\na.png,0,dusk\nb.png,0,')).toEqual(['dusk', null]);
  });
  it('names and counts images without a line and lines without an image', async () => {
    const set = await setOf(['a.png', 'b.png', 'c.png'], 'a.png,0\nx.png,1\ny.png,1');
    expect(labelsOf(set)).toEqual([0, null, null]);
    expect(set.notes?.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^2 of 3 lines of .*labels\.csv name a file that is not in the set; the first one: x\.png$/),
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
  ])('refuses %j', async (csv, message) => {
    await expect(setOf(['a.png'], csv)).rejects.toMatchObject({ code: 'labels-invalid', message: expect.stringMatching(message) as string });
  });
  it('that was named but does not exist is an error', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'a.png'), 'x');
    await expect(loadImageSet({ path: dir, labelsCsv: join(dir, 'none.csv') })).rejects.toMatchObject({ code: 'not-found' });
  });
});
