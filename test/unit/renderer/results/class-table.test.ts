import { describe, expect, it } from 'vitest';
import { classTable, scoreColumns, scoreOfClass } from '../../../../src-renderer/features/results/class-table';
import { sortImages } from '../../../../src-renderer/features/results/task-images';
import type { VariantReport, WorstImage } from '../../../../src-shared/domain/runs/accuracy';

const report = (fields: Partial<VariantReport>): VariantReport => ({
  variant: 'int8',
  backend: 'ort-cpu',
  groups: {},
  classes: [],
  confusions: [],
  worstImages: [],
  outputs: [],
  ...fields,
});

describe('classTable', () => {
  it('counts objects of detections and pixels of masks, in the unit of the measure', () => {
    const perClass = [{ label: 3, truths: 40, value: 20, fp32: 35, difference: -15 }];
    const measure = { name: 'AP', value: 20, higherIsBetter: true };
    expect(classTable(report({ measure, perClass, ap: 0.2 }))).toEqual({
      rows: [{ label: 3, images: 40, value: 20, fp32: 35, difference: -15 }],
      measure: 'AP',
      counted: 'objects',
    });
    expect(classTable(report({ measure, perClass, miou: 0.2 })).counted).toBe('pixels');
    expect([scoreOfClass('mIoU'), scoreOfClass('AP')]).toEqual(['IoU', 'AP']);
  });

  it('keeps top-1 of a classification', () => {
    const classes = [{ label: 0, images: 10, top1: 80, top1Fp32: 90, difference: -10 }];
    expect(classTable(report({ classes }))).toMatchObject({
      rows: [{ label: 0, images: 10, value: 80, fp32: 90, difference: -10 }],
      measure: 'top-1',
      counted: 'images',
    });
  });
});

describe('scoreColumns', () => {
  it('has the scores that some variant has, in points; a size without objects is empty', () => {
    const detector = report({ ap: 0.25, ap50: 0.5, apSmall: null });
    const columns = scoreColumns([detector, report({ apSmall: 0.1 })]);
    expect(columns.map(({ id, value }) => [id, value(detector)])).toEqual([
      ['ap', 25],
      ['ap50', 50],
      ['apSmall', null],
    ]);
    expect(scoreColumns([report({})])).toEqual([]);
  });
});

it('images are sorted by one kind of change; ties keep the order of the run', () => {
  const image = (file: string, missed: number, added: number): WorstImage => ({
    file,
    label: null,
    group: null,
    missed,
    added,
    moved: 0,
  });
  const images = [image('a', 0, 2), image('b', 3, 0), image('c', 3, 2)];
  const order = (by: 'score' | 'missed' | 'added'): string[] => sortImages(images, by).map(({ file }) => file);
  expect([order('score'), order('missed'), order('added')]).toEqual([
    ['a', 'b', 'c'],
    ['b', 'c', 'a'],
    ['a', 'c', 'b'],
  ]);
});
