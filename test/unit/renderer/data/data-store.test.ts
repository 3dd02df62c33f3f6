import { describe, expect, it } from 'vitest';
import { columnsIn, rowsFor, walkGrid } from '../../../../src-renderer/features/data/thumbnails';
import {
  BACKGROUND,
  filterImages,
  groupCounts,
  labelCounts,
  shownImage,
} from '../../../../src-renderer/features/data/data-store';
import type { ImageSetView } from '../../../../src-shared/contract/views';

const SET: ImageSetView = {
  root: '/images',
  images: [
    { id: 'a', file: 'day/6/a.jpg', label: 0, group: 'day' },
    { id: 'b', file: 'day/8/b.jpg', label: 1, group: 'day' },
    { id: 'c', file: 'night/8/c.jpg', label: 1, group: 'night' },
    { id: 'd', file: 'd.jpg', label: null, group: null },
  ],
  classNames: ['6', '8', '9'],
  groups: ['day', 'night'],
  skipped: [],
  notes: [],
  labelOrder: null,
  truthFacts: null,
};

describe('image filter', () => {
  it('filters by group and label together', () => {
    const ids = (group: string | null, label: number | null): string[] =>
      filterImages(SET.images, { group, label }).map(({ id }) => id);
    expect(ids(null, null)).toEqual(['a', 'b', 'c', 'd']);
    expect(ids('day', 1)).toEqual(['b']);
    expect(ids(null, 1)).toEqual(['b', 'c']);
    expect(ids('night', 0)).toEqual([]);
  });

  it('counts groups under a label and labels under a group, with the empty ones', () => {
    expect(groupCounts(SET, 0)).toEqual([
      { group: 'day', images: 1 },
      { group: 'night', images: 0 },
    ]);
    expect(labelCounts(SET, 'night')).toEqual([
      { label: 0, name: '6', images: 0 },
      { label: 1, name: '8', images: 1 },
    ]);
    expect(labelCounts({ ...SET, classNames: [] }, null).map(({ name }) => name)).toEqual(['0', '1']);
  });

  it('counts boxes by class, and images without a box as background', () => {
    const image = (id: string, boxes: number[]) => ({ id, file: id, label: null, group: null, boxes });
    const set = { ...SET, groups: [], images: [image('a', [1, 1, 0]), image('b', []), image('c', [1])] };
    expect(labelCounts(set, null)).toEqual([
      { label: BACKGROUND, name: 'Background images', images: 1, boxes: 0 },
      { label: 0, name: '6', images: 1, boxes: 1 },
      { label: 1, name: '8', images: 2, boxes: 3 },
    ]);
    const ids = (label: number): string[] => filterImages(set.images, { group: null, label }).map(({ id }) => id);
    expect([ids(BACKGROUND), ids(0), ids(1), ids(2)]).toEqual([['b'], ['a'], ['a', 'c'], []]);
  });

  it('shows the chosen image while the filter lets it through', () => {
    expect(shownImage(SET.images, 'c')?.id).toBe('c');
    expect(shownImage(SET.images.slice(0, 2), 'c')?.id).toBe('a');
    expect(shownImage([], 'c')).toBeNull();
  });
});

describe('grid geometry', () => {
  const grid = { count: 11, columns: 4, pageRows: 2 };

  it('fits whole cells, at least one', () => {
    expect([columnsIn(0), columnsIn(103), columnsIn(208), columnsIn(700)]).toEqual([1, 1, 2, 6]);
    expect([rowsFor(0, 4), rowsFor(8, 4), rowsFor(9, 4)]).toEqual([0, 2, 3]);
  });

  it('walks with arrows and pages, and stops at the edges', () => {
    expect(walkGrid('ArrowRight', 3, grid)).toBe(4);
    expect(walkGrid('ArrowLeft', 0, grid)).toBe(0);
    expect(walkGrid('ArrowDown', 1, grid)).toBe(5);
    expect(walkGrid('ArrowDown', 7, grid)).toBe(10);
    expect(walkGrid('ArrowUp', 2, grid)).toBe(2);
    expect(walkGrid('PageDown', 2, grid)).toBe(10);
    expect(walkGrid('PageUp', 10, grid)).toBe(2);
    expect([walkGrid('Home', 9, grid), walkGrid('End', 0, grid)]).toEqual([0, 10]);
  });

  it('leaves other keys and empty grids alone', () => {
    expect(walkGrid('a', 0, grid)).toBeNull();
    expect(walkGrid('End', 0, { ...grid, count: 0 })).toBeNull();
  });
});
