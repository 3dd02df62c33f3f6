import { expect, it } from 'vitest';
import { binWidthOf } from '../../../../src-shared/domain/histograms/histogram';
import { analyse } from '../../../../src-renderer/features/histogram/analysis';
import { comparableGroups } from '../../../../src-renderer/features/histogram/group-histograms';
import { viewOf } from './support';

const day = [0.1, 0.1, -0.3, 0.9];
const night = [0.1, 3.5];
const view = viewOf({ day, night });

it('groups that reach less far are drawn with the bins of the whole set: counts of a bin add up', () => {
  const groups = comparableGroups(view);
  expect(view.groups['day']?.exponent).toBe(0);
  expect(groups.map(({ histogram }) => histogram.exponent)).toEqual([2, 2]);
  const bin = Math.floor(0.1 / binWidthOf(view.total));
  expect(view.total.positive[bin]).toBe(3);
  expect(groups.map(({ histogram }) => histogram.positive[bin])).toEqual([2, 1]);
  expect(groups[0]?.histogram.negative[Math.floor(0.3 / binWidthOf(view.total))]).toBe(1);
  expect(groups[0]?.histogram).toMatchObject({ min: -0.3, max: 0.9, elementCount: 4 });
});

it('errors of a group still come from its own, finer bins', () => {
  const own = analyse(view).groups[0];
  expect(own?.model.folded.binWidthReal).toBe(2 ** -12);
  expect(own?.amaxReal).toBe(0.9);
});
