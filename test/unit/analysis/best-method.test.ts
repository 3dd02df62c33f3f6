import { describe, expect, it } from 'vitest';
import {
  imageLevels,
  isChoiceAffordable,
  outputCost,
  rankSingles,
  wantedPerGroup,
} from '../../../src-main/analysis/best-method';
import { chooseFromGroups } from '../../../src-main/analysis/choose-images';
import type { TrialAnswer, TrialImage } from '../../../src-main/analysis/trials';
import type { HistogramMethod } from '../../../src-shared/domain/project/methods';

const image = (group: string | null): TrialImage => ({ file: 'x.png', group, label: null });
/** One image per entry, with FP32's power and the error of each of two outputs. */
function costOf(
  list: readonly {
    readonly group: string | null;
    readonly signal: readonly number[];
    readonly noise: readonly number[];
  }[],
) {
  const images = list.map(({ group }) => image(group));
  const reference = list.map(({ signal }) => ({ signal, top1: -1 }));
  const answers = list.map(({ noise }): TrialAnswer => ({ noise, top1: -1 }));
  return outputCost({ images, reference }, [...list.keys()], answers, ['boxes', 'scores']);
}

describe('the error of a model at its outputs', () => {
  it('is that of the worst output of the worst group, images of a group summed', () => {
    const found = costOf([
      { group: 'day', signal: [100, 1], noise: [1, 0.001] },
      { group: 'night', signal: [100, 1], noise: [1, 0.2] },
      { group: 'night', signal: [100, 3], noise: [1, 0.2] },
    ]);
    expect(found).toMatchObject({ worstGroup: 'night', worstOutput: 'scores' });
    expect(found.nmse).toBeCloseTo(0.1, 12);
    expect(found.sqnrDb).toBeCloseTo(10, 9);
  });

  it('has no group where the set has none, and takes images without a group together where others have one', () => {
    expect(costOf([{ group: null, signal: [4, 1], noise: [1, 0] }])).toMatchObject({
      nmse: 0.25,
      worstGroup: null,
      worstOutput: 'boxes',
    });
    expect(
      costOf([
        { group: 'day', signal: [1, 1], noise: [0, 0] },
        { group: null, signal: [1, 1], noise: [0.5, 0] },
      ]),
    ).toMatchObject({ nmse: 0.5, worstGroup: null });
  });

  it('leaves out outputs that FP32 answers with zeros, and tells an exact model from one without a signal', () => {
    expect(costOf([{ group: null, signal: [0, 1], noise: [7, 0.1] }])).toMatchObject({
      nmse: 0.1,
      worstOutput: 'scores',
    });
    expect(costOf([{ group: null, signal: [1, 1], noise: [0, 0] }])).toMatchObject({ nmse: 0, sqnrDb: null });
    expect(costOf([{ group: null, signal: [0, 0], noise: [0, 1] }])).toMatchObject({ nmse: null, sqnrDb: null });
  });

  it('is unknown where an answer is NaN or infinite', () => {
    expect(costOf([{ group: null, signal: [1, 1], noise: [0, Number.POSITIVE_INFINITY] }])).toMatchObject({
      nmse: null,
      worstOutput: 'scores',
    });
    expect(costOf([{ group: null, signal: [1, 1], noise: [0, Number.NaN] }]).nmse).toBeNull();
  });
});

describe('the best of the single methods', () => {
  const rank = (errors: Readonly<Partial<Record<HistogramMethod, number | null>>>) =>
    rankSingles(
      (Object.entries(errors) as [HistogramMethod, number | null][]).map(([method, nmse]) => ({
        method,
        nmse,
        sqnrDb: nmse === null || nmse === 0 ? null : -10 * Math.log10(nmse),
        worstGroup: null,
        worstOutput: null,
      })),
    );

  it('comes first, and the others with what they lose', () => {
    const ranked = rank({ minmax: 0.1, entropy: 1, percentile: 0.01, mse: 0.02 });
    expect(ranked.map(({ method }) => method)).toEqual(['percentile', 'mse', 'minmax', 'entropy']);
    expect(ranked.map(({ costDb }) => Number(costDb?.toFixed(2)))).toEqual([0, 3.01, 10, 20]);
  });

  it('is the one that clips less where two are as good as each other', () => {
    expect(rank({ entropy: 0.01, mse: 0.01005 })[0]?.method).toBe('mse');
    expect(rank({ entropy: 0.01, mse: 0.0102 })[0]?.method).toBe('entropy');
    expect(
      rank({ entropy: 0, mse: 0, percentile: 0, minmax: 0 }).map(({ method, costDb }) => [method, costDb]),
    ).toEqual([
      ['minmax', 0],
      ['percentile', 0],
      ['mse', 0],
      ['entropy', 0],
    ]);
  });

  it('is none whose outputs are NaN, unless all are', () => {
    const ranked = rank({ minmax: null, entropy: 0.5 });
    expect(ranked.map(({ method, costDb }) => [method, costDb])).toEqual([
      ['entropy', 0],
      ['minmax', null],
    ]);
    expect(rank({ entropy: null, minmax: null })[0]).toMatchObject({ method: 'minmax', nmse: null, costDb: null });
  });
});

describe('the images that the choice takes', () => {
  it('are 64 of each group, 128 where there are no groups, and no more than 512 in all', () => {
    expect([0, 1, 2, 3, 16, 200].map((groups) => wantedPerGroup(groups, 1000))).toEqual([128, 128, 64, 64, 32, 4]);
  });

  it('are as many as half a gigabyte holds, but never fewer than 4 of a group', () => {
    expect(wantedPerGroup(2, 2 ** 24)).toBe(16);
    expect(wantedPerGroup(2, 2 ** 30)).toBe(4);
  });

  it('may take a fifth of the work of the collection, and little work in any case', () => {
    const most = (macs: number, collected: number): number =>
      Math.max(0, ...[4, 8, 16, 32, 64, 128].filter((n) => isChoiceAffordable(n, { candidates: 4, macs, collected })));
    // 4 candidates and FP32 are 7 runs an image; collecting one takes 1.5.
    expect(most(1e6, 100)).toBe(128);
    expect(most(1e9, 100)).toBe(8);
    expect(most(1e9, 1000)).toBe(32);
    expect(most(1e10, 100)).toBe(4);
    expect(most(1e10, 10)).toBe(0);
  });

  it('are halved until 4 are left', () => {
    expect(imageLevels(32)).toEqual([32, 16, 8, 4]);
    expect(imageLevels(21)).toEqual([21, 10, 5, 4]);
    expect(imageLevels(4)).toEqual([4]);
  });

  it('are spread over each group, all of a small one', () => {
    const entries = [
      ...Array.from({ length: 100 }, (_, i) => ({ group: 'day', i })),
      { group: 'night', i: 100 },
      { group: 'night', i: 101 },
    ];
    expect(chooseFromGroups(entries, 4).map(({ i }) => i)).toEqual([12, 37, 62, 87, 100, 101]);
  });
});
