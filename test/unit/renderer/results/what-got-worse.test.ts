import { describe, expect, it } from 'vitest';
import {
  classNameOf,
  comparedVariants,
  confusionRows,
  filterImages,
  groupTable,
  imagesOf,
  isFiltered,
  NO_FILTER,
  sortClasses,
  summarizeClasses,
  toggleFilter,
} from '../../../../src-renderer/features/results/what-got-worse';
import { image, report } from './records';

describe('comparedVariants', () => {
  it('puts what is shipped first and leaves the reference out', () => {
    const variants = ['fp32', 'int8', 'mixed'].map((name) => report(name));
    const record = { shipped: ['mixed'], validation: { images: 1, labelled: true, variants } };
    expect(comparedVariants(record).map(({ variant }) => variant)).toEqual(['mixed', 'int8']);
    expect(comparedVariants({ shipped: [], validation: null })).toEqual([]);
  });
});

describe('groupTable', () => {
  const fp32 = report('fp32', {
    measure: { name: 'top-1', value: 97, higherIsBetter: true },
    groups: {
      day: { images: 3, top1: 100, measure: 100, agreement: 100 },
      night: { images: 5, top1: 94, measure: 94, agreement: 100 },
    },
  });
  const mixed = report('mixed', {
    groups: {
      day: { images: 3, top1: 100, measure: 100, agreement: 99 },
      night: { images: 5, top1: 90, measure: 90, agreement: 80 },
    },
  });

  it('puts the group that lost most first', () => {
    const { rows, measure } = groupTable([fp32, mixed]);
    expect(measure).toBe('top-1');
    expect(rows.map((row) => row.group)).toEqual(['night', 'day']);
    expect(rows[0]).toMatchObject({
      images: 5,
      reference: 94,
      bars: [
        { variant: 'fp32', percent: 94, difference: null },
        { variant: 'mixed', percent: 90, difference: -4 },
      ],
    });
  });

  it('falls back to agreement without labels', () => {
    const unlabelled = [fp32, mixed].map((entry) => ({
      ...entry,
      groups: Object.fromEntries(
        Object.entries(entry.groups).map(([name, { images, agreement }]) => [
          name,
          { images, agreement: agreement ?? 0 },
        ]),
      ),
    }));
    const { rows, measure } = groupTable(unlabelled);
    expect(measure).toBeNull();
    expect(rows[0]?.bars[1]).toEqual({ variant: 'mixed', percent: 80, difference: -20 });
  });
});

describe('classes', () => {
  const classes = [
    { label: 0, images: 5, top1: 100, difference: 0 },
    { label: 1, images: 9, top1: 80, difference: -20 },
    { label: 2, images: 7, top1: 100, difference: 5 },
    { label: 3, images: 9, top1: 80, difference: -20 },
  ];

  it('sorts by loss, label or frequency, ties by label', () => {
    expect(sortClasses(classes, 'difference').map(({ label }) => label)).toEqual([1, 3, 0, 2]);
    expect(sortClasses(classes, 'label').map(({ label }) => label)).toEqual([0, 1, 2, 3]);
    expect(sortClasses(classes, 'images').map(({ label }) => label)).toEqual([1, 3, 2, 0]);
  });

  it('counts what got worse', () => {
    expect(summarizeClasses(classes)).toEqual({ worse: 2, same: 1, better: 1 });
  });

  it('names classes', () => {
    expect(classNameOf({ classNames: ['zero'] }, 0)).toBe('zero');
    expect(classNameOf({}, 7)).toBe('7');
    expect(classNameOf({}, -1)).toBeNull();
  });
});

describe('confusionRows', () => {
  it('tells lost, won and other apart and sums over labels', () => {
    const rows = confusionRows([
      { label: 6, from: 6, to: 8, count: 14 },
      { label: 8, from: 6, to: 8, count: 2 },
      { label: 1, from: 6, to: 8, count: 1 },
      { label: 2, from: 6, to: 8, count: 3 },
      { label: 5, from: 5, to: 3, count: 20 },
    ]);
    expect(rows.lost).toEqual([
      { from: 5, to: 3, count: 20 },
      { from: 6, to: 8, count: 14 },
    ]);
    expect(rows.won).toEqual([{ from: 6, to: 8, count: 2 }]);
    expect(rows.other).toEqual([{ from: 6, to: 8, count: 4 }]);
    expect(imagesOf(rows.lost)).toBe(34);
  });

  it('can only say that answers changed without labels', () => {
    expect(confusionRows([{ label: null, from: 1, to: 2, count: 3 }])).toEqual({
      lost: [],
      won: [],
      other: [{ from: 1, to: 2, count: 3 }],
    });
  });
});

describe('filter', () => {
  const images = [image('a'), image('b', { group: 'day' }), image('c', { answer: 3 })];

  it('narrows by every facet that is set', () => {
    expect(filterImages(images, NO_FILTER)).toHaveLength(3);
    expect(filterImages(images, { ...NO_FILTER, group: 'night', from: 6, to: 8 }).map(({ file }) => file)).toEqual([
      'a',
    ]);
  });

  it('lets go of a facet that is chosen again, and keeps the others', () => {
    const chosen = toggleFilter(toggleFilter(NO_FILTER, { group: 'night' }), { from: 6, to: 8 });
    expect(chosen).toEqual({ group: 'night', label: null, from: 6, to: 8 });
    expect(toggleFilter(chosen, { from: 6, to: 3 })).toMatchObject({ from: 6, to: 3 });
    const released = toggleFilter(chosen, { from: 6, to: 8 });
    expect(released).toEqual({ ...NO_FILTER, group: 'night' });
    expect(isFiltered(released)).toBe(true);
    expect(isFiltered(toggleFilter(released, { group: 'night' }))).toBe(false);
  });
});
