import { describe, expect, it } from 'vitest';
import { chooseAndConfirm, chooseImages, spread } from '../../../src-main/analysis/choose-images';

const set = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).flatMap(([group, count]) => Array.from({ length: count }, (_, i) => ({ group, i })));
const countOf = (list: readonly { readonly group: string }[], group: string): number =>
  list.filter((entry) => entry.group === group).length;

it('spreads evenly, and takes all of what is too little', () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 5)).toEqual([1, 3, 5, 7, 9]);
  expect(spread([1, 2], 5)).toEqual([1, 2]);
});

describe('chooseImages', () => {
  it('takes the same number of every group, whatever their sizes', () => {
    const chosen = chooseImages(set({ day: 900, night: 40 }), 64);
    expect([countOf(chosen, 'day'), countOf(chosen, 'night')]).toEqual([32, 32]);
  });

  it('fills up from the large groups what a small one cannot give', () => {
    const chosen = chooseImages(set({ day: 900, night: 10 }), 64);
    expect([countOf(chosen, 'day'), countOf(chosen, 'night')]).toEqual([54, 10]);
  });
});

describe('chooseAndConfirm', () => {
  it('confirms on other images', () => {
    const entries = set({ day: 300, night: 300 });
    const { chosen, confirmed } = chooseAndConfirm(entries, 128);
    expect([chosen.length, confirmed.length]).toEqual([128, 472]);
    expect(confirmed.filter((entry) => chosen.includes(entry))).toEqual([]);
  });

  it('gives each half of a small set', () => {
    const { chosen, confirmed } = chooseAndConfirm(set({ day: 10 }), 128);
    expect([chosen.length, confirmed.length]).toEqual([5, 5]);
  });
});
