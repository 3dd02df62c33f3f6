import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ElementReader, readJsonElements } from '../../../../src-main/calibration/labels/json-elements';
import { namesInYaml } from '../../../../src-main/calibration/labels/names-yaml';
import { assignByPath, withoutExtension } from '../../../../src-main/calibration/labels/path-match';
import { vocObjects } from '../../../../src-main/calibration/labels/voc-labels';
import { looksLikeYolo, yoloBoxes } from '../../../../src-main/calibration/labels/yolo-labels';
import { useTempDirs } from '../../../support/temp-dir';

const tempDir = useTempDirs();

describe('YOLO lines', () => {
  const read = (text: string, hasKeyPoints = false): readonly string[] =>
    yoloBoxes(text, { path: 'a.txt', size: { width: 200, height: 100 }, format: { hasKeyPoints } }).map(
      ({ label, x1, y1, x2, y2 }) => [label, x1, y1, x2, y2].join(' '),
    );
  it('are boxes in fractions; a confidence is ignored; line ends and blank lines do not matter', () => {
    expect(read('1 .5 .5 .5 .5\r\n\n 0.0 0.25 0.5 1e-1 0.2 0.93\r0 .5 .5 0 0')).toEqual([
      '1 50 25 150 75',
      '0 40 40 60 60',
      '0 100 50 100 50',
    ]);
    expect(read('')).toEqual([]);
  });
  it('are outlines and rotated boxes, of which the enclosing box is taken', () => {
    expect(read('2 .1 .2 .5 .1 .3 .9')).toEqual(['2 20 10 100 90']);
    expect(read('2 .1 .2 .5 .2 .5 .4 .1 .4')).toEqual(['2 20 20 100 40']);
  });
  it('have key points behind the box if the data set says so', () => {
    expect(read('0 .5 .5 .2 .2 .5 .5 2 .1 .1 0', true)).toEqual(['0 80 40 120 60']);
  });
  it.each([
    ['0 .5 .5 .5', 'found 4 columns'],
    ['0 .1 .2 .3 .4 .5 .6 .7', 'found 8 columns'],
    ['-1 .5 .5 .1 .1', 'class index'],
    ['1.5 .5 .5 .1 .1', 'class index'],
    ['99999999999999999999 .5 .5 .1 .1', 'class index'],
    ['0 nan .5 .1 .1', 'Expected numbers'],
    ['0 1e999 .5 .1 .1', 'Expected numbers'],
    ['0 .5 .5 -.1 .1', 'at least 0'],
    ['0 320 240 50 50', 'fractions'],
    ['cat .5 .5 .1 .1', 'Expected numbers'],
  ])('refuse %s with file and line', (line, reason) => {
    expect(() => read(`0 .5 .5 .1 .1\n${line}`)).toThrow(/a\.txt:2/);
    expect(() => read(line)).toThrow(reason);
  });
  it('are told from captions and lists of names', () => {
    expect(['0 .1 .1 .2 .2', '', '\n\n7 0 0 1 1 .5'].map(looksLikeYolo)).toEqual([true, true, true]);
    expect(['a cat on a mat today', 'cat\ndog', '1 2'].map(looksLikeYolo)).toEqual([false, false, false]);
  });
});

describe('Pascal VOC', () => {
  const file = (objects: string): string => `\ufeff<?xml version="1.0"?><annotation><size/>${objects}</annotation>`;
  const object = (name: string, corners: string, more = ''): string => {
    const [a, b, c, d] = corners.split(' ');
    return (
      `<object><name>${name}</name>${more}<bndbox><xmax>${c}</xmax><xmin>${a}</xmin>` +
      `<ymin>${b}</ymin><ymax>${d}</ymax></bndbox></object>`
    );
  };
  const read = (text: string) => vocObjects(text.replace(/^\ufeff/, ''), 'a.xml');
  it('has objects with corners in any order, and difficult ones; parts of objects are not objects', () => {
    const part = '<part><name>head</name><bndbox><xmin>0</xmin></bndbox></part><difficult>1</difficult>';
    expect(read(file(object('a &amp; b', '1 2 30.5 40') + object('<![CDATA[x,y]]>', '0 0 5 5', part)))).toEqual([
      { name: 'a & b', x1: 1, y1: 2, x2: 30.5, y2: 40, isDifficult: false },
      { name: 'x,y', x1: 0, y1: 0, x2: 5, y2: 5, isDifficult: true },
    ]);
    expect(read(file(''))).toEqual([]);
  });
  it('resolves no entities of the file, neither bombs nor files', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY x "yy"><!ENTITY z "&x;&x;"><!ENTITY f SYSTEM "file:///etc/passwd">]>';
    for (const entity of ['z', 'f'])
      expect(() => read(`${bomb}<annotation>${object(`&${entity};`, '0 0 1 1')}</annotation>`)).toThrow(
        /a\.xml.*entity/i,
      );
  });
  it.each([
    ['', 'a.xml'],
    ['<html></html>', 'Expected the element annotation'],
    ['<annotation><object>', 'a.xml'],
    [file(object('', '0 0 1 1')), 'a name'],
    [file(object('a', 'NaN 0 1 1')), 'xmin'],
    [file(object('a', '0 1e999 1 1')), 'ymin'],
    [file('<object><name>a</name></object>'), 'xmin'],
    [file('<a>'.repeat(100) + '</a>'.repeat(100)), 'nested'],
  ])('refuses %s', (text, reason) => {
    expect(() => read(text)).toThrow(reason);
  });
});

describe('class names in YAML', () => {
  it.each([
    ['names:\n- cat\n- "a: b # c"\n- it\'s\nnc: 3', ['cat', 'a: b # c', "it's"]],
    ["# x\nnames:\n  0: cat # first\n  1: 'don''t'\n\n  2: no\ntrain: a", ['cat', "don't", 'no']],
    ["names: [cat, \"dog, big\", 'it''s']", ['cat', 'dog, big', "it's"]],
    ['names: [ # all\n  cat,\r\n  dog,\n]', ['cat', 'dog']],
    ['nc: 2\nnames: {0: cat, 1: "dog"}', ['cat', 'dog']],
    ['names: {"1": b, "0": a}', ['a', 'b']],
    ['names: ["\\u00e9t\\u00e9"]', ['été']],
  ])('%s', (text, names) => {
    expect(namesInYaml(text)?.names).toEqual(names);
  });
  it('are not guessed from other forms', () => {
    for (const text of ['', 'train: a', 'names: &x [a]\n', 'names: {0: a, 2: b}', 'names: [a, [b]]', 'names: |\n  a'])
      expect(namesInYaml(text)?.names ?? null).toBeNull();
  });
});

describe('paths', () => {
  const assign = (images: readonly string[], items: readonly string[]) => assignByPath(images, items, withoutExtension);
  it('fit by their last parts, the longest first, whatever the case', () => {
    const images = ['/d/images/val/1.JPG', '/d/images/val/2.jpg', '/d/images/val/3.jpg'];
    expect(assign(images, ['/d/labels/train/1.txt', '/d/labels/VAL/1.txt', 'C:\\x\\2.txt'])).toEqual({
      items: [1, 2, null],
      unused: [0],
      ambiguous: null,
    });
  });
  it('that fit equally well are ambiguous', () => {
    expect(assign(['/i/1.png'], ['/a/1.txt', '/b/1.txt']).ambiguous).toEqual({ images: [0], items: [0, 1] });
    expect(assign(['/day/1.png', '/night/1.png'], ['/l/1.txt']).ambiguous).toEqual({ images: [0, 1], items: [0] });
    expect(assign(['/i/1.png', '/i/1.jpg', '/i/1.png'], ['/l/1.txt']).ambiguous).toBeNull();
  });
});

describe('elements of a JSON file', () => {
  const read = (text: string, chunk = 3): unknown => {
    const found: unknown[] = [];
    const reader = new ElementReader({ a: (element) => found.push(element) });
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += chunk) reader.read(bytes.subarray(at, at + chunk));
    return reader.finish().has('a') ? found : null;
  };
  it.each([
    '{"a":[]}',
    '{"a":[1,{"b":[2,"]}\\"\\\\"]},"x,y",null,[[]]] }',
    ' {"info":{"a":[7],"t":"[{"},"a":[{"b":{"a":[1]}}],"z":-1.5e3}\n',
    '{"\\u0061":["é€😀"]}',
    '{"b":[1],"c":"a"}',
  ])('are those that JSON.parse finds, however the file is cut: %s', (text) => {
    const wanted = (JSON.parse(text) as { a?: unknown }).a ?? null;
    for (const chunk of [1, 2, 3, 7, 1000]) expect(read(text, chunk)).toEqual(wanted);
  });
  it.each(['', '[1]', '"a"', '{"a":[1', '{"a":[1,,2]}', '{"a":[nan]}', '{"a":[1]}x', '{"a":[1}', '{"a":[],"a":[]}'])(
    'refuse %s',
    (text) => {
      expect(() => read(text)).toThrow();
    },
  );
  it('are read from a file with a byte order mark', async () => {
    const path = join(tempDir(), 'a.json');
    writeFileSync(path, '\ufeff{"a":[{"b":1}]}');
    const found: unknown[] = [];
    expect(await readJsonElements(path, { a: (element) => found.push(element) })).toEqual(new Set(['a']));
    expect(found).toEqual([{ b: 1 }]);
  });
});
