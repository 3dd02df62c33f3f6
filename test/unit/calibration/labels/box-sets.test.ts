import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { withPathPolicy } from '../../../../src-main/base/path-policy';
import { loadImageSet, type ImageSetRequest } from '../../../../src-main/calibration/images/image-set';
import { pngFile } from '../../../support/png';
import { useTempDirs } from '../../../support/temp-dir';

const tempDir = useTempDirs();

/** Makes files in a new folder; the names of images get PNG files of 40x20 pixels. */
function folderOf(images: readonly string[], texts: Readonly<Record<string, string>> = {}): string {
  const dir = tempDir();
  const png = pngFile(
    Array.from({ length: 800 }, () => 7),
    { width: 40, height: 20 },
  );
  for (const [file, content] of [...images.map((file) => [file, png] as const), ...Object.entries(texts)]) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), content);
  }
  return dir;
}

/** `a.png: 0 at 10 5 30 15, 1 at ...`, or `a.png: nothing known`. */
async function boxesOf(request: ImageSetRequest): Promise<readonly string[]> {
  const { entries } = await loadImageSet(request);
  return entries.map(({ file, truth }) => {
    const boxes =
      truth?.kind === 'boxes' ? truth.boxes.map((b) => `${b.label} at ${b.x1} ${b.y1} ${b.x2} ${b.y2}`) : null;
    return `${file}: ${boxes === null ? 'nothing known' : boxes.join(', ')}`;
  });
}

const CENTRE = '0 .5 .5 .5 .5\n';
const voc = (name: string, corners: readonly number[]): string => {
  const [x1, y1, x2, y2] = corners;
  const box = `<xmin>${x1}</xmin><ymin>${y1}</ymin><xmax>${x2}</xmax><ymax>${y2}</ymax>`;
  return `<object><name>${name}</name><bndbox>${box}</bndbox></object>`;
};
const coco = (images: readonly string[], boxes: readonly object[], categories = [{ id: 3, name: 'cat' }]): string =>
  JSON.stringify({
    annotations: boxes.map((box) => ({ image_id: 0, category_id: 3, bbox: [1, 2, 3, 4], ...box })),
    categories,
    images: images.map((file_name, id) => ({ id, file_name })),
  });

describe('YOLO labels', () => {
  it('are found in labels beside images, with names above; an image without a file is background, groups are folders', async () => {
    const dir = folderOf(['images/day/a.png', 'images/night/a.png', 'images/night/b.png'], {
      'labels/day/a.txt': CENTRE,
      'labels/night/b.txt': '1 .5 .5 1 1\r\n',
      'data.yaml': 'names: [cat, "dog, big"]',
    });
    const set = await loadImageSet({ path: join(dir, 'images') });
    expect(set).toMatchObject({
      labelSource: 'yolo',
      classNames: ['cat', 'dog, big'],
      groups: ['day', 'night'],
      truthFacts: {
        boxes: 2,
        images: 2,
        background: 1,
        classes: [
          { label: 0, boxes: 1 },
          { label: 1, boxes: 1 },
        ],
      },
      notes: [{ code: 'labels-background', message: expect.stringContaining('night/a.png') as unknown }],
    });
    expect(await boxesOf({ path: join(dir, 'images') })).toEqual([
      'day/a.png: 0 at 10 5 30 15',
      'night/a.png: ',
      'night/b.png: 1 at 0 0 40 20',
    ]);
    // The folder above, one folder of images, and the labels named.
    expect((await boxesOf({ path: dir }))[0]).toBe('images/day/a.png: 0 at 10 5 30 15');
    expect(await boxesOf({ path: join(dir, 'images/day') })).toEqual(['a.png: 0 at 10 5 30 15']);
    for (const labels of ['labels', 'labels/day', 'data.yaml'])
      expect(await boxesOf({ path: join(dir, 'images/day'), labelsPath: join(dir, labels) })).toEqual([
        'a.png: 0 at 10 5 30 15',
      ]);
  });
  it('beside the images, beside names; indices beyond the names, repeated, empty and outlying boxes are counted', async () => {
    const dir = folderOf(['a.png'], {
      'a.txt': '0 .5 .5 .2 .2\n0 .5 .5 .2 .2\n4 .9 .5 .9 .5\n0 .5 .5 0 .5\n',
      'classes.txt': 'cat\n',
    });
    const { truthFacts, notes, classNames } = await loadImageSet({ path: dir });
    expect(truthFacts).toMatchObject({ boxes: 3, duplicates: 1, outside: 1, empty: 1 });
    expect(classNames).toEqual(['cat']);
    expect(notes?.map(({ message }) => message).join('\n')).toMatch(
      /without an area(.|\n)*beyond the image(.|\n)*repeats(.|\n)*beyond the 1 class name/,
    );
  });
  it('use the size of the image as the preprocessing turns it', async () => {
    const dir = folderOf([], { 'a.txt': CENTRE });
    const pixels = sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } });
    writeFileSync(join(dir, 'a.jpg'), await pixels.jpeg().withMetadata({ orientation: 6 }).toBuffer());
    expect(await boxesOf({ path: dir })).toEqual(['a.jpg: 0 at 10 5 30 15']);
    expect(await boxesOf({ path: dir, orientation: 'apply' })).toEqual(['a.jpg: 0 at 5 10 15 30']);
  });
  it('that are captions, or that a classification does not want, are left alone', async () => {
    const captions = folderOf(['x/a.png', 'y/b.png'], { 'x/a.txt': 'a photo of 3 cats', 'y/b.txt': 'dogs' });
    expect(await loadImageSet({ path: captions })).toMatchObject({ labelSource: 'folders', classNames: ['x', 'y'] });
    const boxes = folderOf(['x/a.png', 'y/b.png'], { 'x/a.txt': CENTRE });
    expect(await loadImageSet({ path: boxes, wanted: 'labels' })).toMatchObject({ labelSource: 'folders' });
    expect(await loadImageSet({ path: boxes, labelsPath: null })).toMatchObject({ labelSource: 'folders' });
    const table = folderOf(['a.png'], { 'a.txt': CENTRE, 'labels.csv': 'a.png,3' });
    expect(await loadImageSet({ path: table })).toMatchObject({ labelSource: 'csv' });
    expect(await loadImageSet({ path: table, wanted: 'boxes' })).toMatchObject({ labelSource: 'yolo' });
  });
  it('that are malformed stop a validation with file and line, and become a note of a calibration', async () => {
    const dir = folderOf(['a.png', 'b.png'], { 'a.txt': CENTRE, 'b.txt': '0 .5 .5\n' });
    await expect(loadImageSet({ path: dir })).rejects.toThrow(/b\.txt:1/);
    expect(await loadImageSet({ path: dir, isLenient: true })).toMatchObject({
      labelSource: 'none',
      notes: [{ code: 'labels-unreadable', message: expect.stringContaining('b.txt:1') as unknown }],
    });
  });
  it('of arrays have no size to refer to', async () => {
    const dir = folderOf([], { 'a.txt': CENTRE });
    const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }".padEnd(117);
    writeFileSync(join(dir, 'a.npy'), Buffer.from(`\x93NUMPY\x01\0\x76\0${header}\n\0\0\0\0`, 'latin1'));
    await expect(loadImageSet({ path: dir })).rejects.toThrow(/a\.npy/);
  });
  it('that fit two images are refused; labels of other images are said to be that', async () => {
    const dir = folderOf(['day/a.png', 'night/a.png'], { 'all/a.txt': CENTRE });
    await expect(loadImageSet({ path: dir, labelsPath: join(dir, 'all') })).rejects.toThrow(/one image for .*a\.txt/);
    const other = folderOf([], { 'z.txt': CENTRE });
    await expect(loadImageSet({ path: dir, labelsPath: other })).rejects.toThrow(/none of which fits an image/);
  });
  it('outside of the allowed folders are not looked for', async () => {
    const dir = folderOf(['images/a.png'], { 'labels/a.txt': CENTRE });
    const policy = { isAllowed: (path: string) => path.startsWith(join(dir, 'images')), hint: '' };
    const set = await withPathPolicy(policy, () => loadImageSet({ path: join(dir, 'images') }));
    expect(set.labelSource).toBe('none');
    const named = () => loadImageSet({ path: join(dir, 'images'), labelsPath: join(dir, 'labels') });
    await expect(withPathPolicy(policy, named)).rejects.toThrow(/cannot be used/);
  });
});

describe('Pascal VOC files', () => {
  const xml = (...objects: readonly string[]): string => `<annotation>${objects.join('')}</annotation>`;
  it('have classes in sorted order, which is said, or in the order of a names file', async () => {
    const dir = folderOf(['JPEGImages/a.png'], {
      'Annotations/a.xml': xml(voc('RBC', [1, 2, 30, 15]), voc('Platelets', [0, 0, 5.5, 5])),
      'rbc.txt': 'RBC\r\nPlatelets\r\n',
      'short.txt': 'RBC\n',
    });
    const path = join(dir, 'JPEGImages');
    expect(await loadImageSet({ path })).toMatchObject({
      labelSource: 'voc',
      classNames: ['Platelets', 'RBC'],
      notes: [{ code: 'labels-classes', message: expect.stringContaining('Platelets 0, RBC 1') as unknown }],
    });
    const classNamesPath = join(dir, 'rbc.txt');
    expect(await boxesOf({ path, classNamesPath })).toEqual(['a.png: 0 at 1 2 30 15, 1 at 0 0 5.5 5']);
    expect((await loadImageSet({ path, classNamesPath })).notes).toBeUndefined();
    await expect(loadImageSet({ path, classNamesPath: join(dir, 'short.txt') })).rejects.toThrow(/"Platelets"/);
    writeFileSync(join(dir, 'names.txt'), 'RBC\nWBC\n');
    const { classNames, notes } = await loadImageSet({ path });
    expect(classNames).toEqual(['Platelets', 'RBC']);
    expect(notes?.[0]?.message).toContain('names.txt was not used');
  });
});

describe('COCO files', () => {
  it('are found by the name of the folder; sparse ids become indices in order; crowds and areas are kept', async () => {
    const categories = [
      { id: 90, name: 'toothbrush' },
      { id: 7, name: 'train' },
      { id: 0, name: 'things', supercategory: 'none' },
      { id: 2, name: 'car', supercategory: 'things' },
    ];
    const boxes = [
      { category_id: 90, iscrowd: 1, area: 5 },
      { category_id: 2, bbox: [0, 0, 10, 10], segmentation: { counts: [1], size: [1, 1] } },
      { category_id: 2, bbox: [0, 0, -1, 10] },
    ];
    const dir = folderOf(['val/a.png', 'val/b.png', 'val/c.png'], {
      'annotations/instances_val.json': coco(['val\\A.PNG', 'b.png', 'train/z.png'], boxes, categories),
      'annotations/instances_train.json': '{',
    });
    const set = await loadImageSet({ path: join(dir, 'val') });
    expect(set).toMatchObject({ labelSource: 'coco', classNames: ['car', 'train', 'toothbrush'] });
    expect(set.truthFacts).toMatchObject({ boxes: 2, crowds: 1, empty: 1, images: 1, background: 1 });
    expect(set.entries[0]?.truth).toEqual({
      kind: 'boxes',
      boxes: [
        { label: 2, x1: 1, y1: 2, x2: 4, y2: 6, isCrowd: true, area: 5 },
        { label: 0, x1: 0, y1: 0, x2: 10, y2: 10 },
      ],
    });
    expect(set.entries[2]?.truth).toBeUndefined();
    const text = set.notes?.map(({ message }) => message).join('\n');
    expect(text).toMatch(/id 2 \(car\) is class 0, id 7 \(train\) is class 1/);
    expect(text).toMatch(/"things"[\s\S]*not in the set; the first one: train\/z\.png[\s\S]*not listed[\s\S]*c\.png/);
  });
  it('list an image twice without harm, with identities as texts', async () => {
    const dir = folderOf(['a.png'], {
      '_annotations.coco.json': coco(['a.png', 'a.png'], [{}, { image_id: '1', bbox: [0, 0, 1, 1] }]),
    });
    expect(await boxesOf({ path: dir })).toEqual(['a.png: 0 at 1 2 4 6, 0 at 0 0 1 1']);
  });
  it.each([
    ['not json', 'it does not begin with an object'],
    ['[]', 'it is a list'],
    ['{"images":[],"annotations":[]}', '"categories"'],
    ['{"images":[{"id":1}],"annotations":[],"categories":[]}', 'images[0]'],
    [coco(['a.png'], [{ bbox: [1, 2, 3] }]), 'a bbox of four numbers'],
    [coco(['a.png'], [{ bbox: [1, 2, 3, '4'] }]), 'a bbox of four numbers'],
    [coco(['a.png'], [{ bbox: undefined, caption: 'a cat' }]), 'annotations[0]'],
    [coco(['a.png'], [{}]).replace('[1,2,3,4]', '[NaN,2,3,4]'), 'not valid JSON'],
    [coco(['a.png'], [{ image_id: 9 }]), 'an image that the file does not list'],
    [coco(['a.png'], [{ category_id: 9 }]), 'a category that the file does not list'],
    [coco(['other.png'], []), 'None of the 1 image'],
    [coco([], []), 'None of the 0 images'],
  ])('that are wrong are refused: %s', async (text, reason) => {
    const dir = folderOf(['a.png'], { 'labels.json': text });
    await expect(loadImageSet({ path: dir, labelsPath: join(dir, 'labels.json') })).rejects.toThrow(reason);
  });
  it('for several sets in one folder must be named', async () => {
    const text = coco(['a.png'], [{}]);
    const dir = folderOf(['pictures/a.png'], { 'x/instances_1.json': text, 'x/instances_2.json': text });
    const path = join(dir, 'pictures');
    await expect(loadImageSet({ path, labelsPath: join(dir, 'x') })).rejects.toThrow(
      /instances_1.json, instances_2.json/,
    );
    expect(await boxesOf({ path, labelsPath: join(dir, 'x/instances_2.json') })).toEqual(['a.png: 0 at 1 2 4 6']);
  });
});
