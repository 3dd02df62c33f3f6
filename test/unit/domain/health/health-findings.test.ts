import { describe, expect, it } from 'vitest';
import { convergencePoint, foldsOfPart } from '../../../../src-shared/domain/health/convergence';
import { fieldFindings, skippedFindings } from '../../../../src-shared/domain/health/field-findings';
import {
  bySeverity,
  HEALTH_CODES,
  type DuplicatePair,
  type FieldComparison,
  type FieldTensorGroup,
} from '../../../../src-shared/domain/health/health';
import {
  convergenceFindings,
  corruptFindings,
  duplicateFindings,
  groupFindings,
  healthGroups,
  labelFindings,
  maximumFindings,
  sizeFindings,
  type GroupCost,
} from '../../../../src-shared/domain/health/health-findings';
import { DEFAULT_HEALTH_LIMITS as LIMITS } from '../../../../src-shared/domain/health/health-limits';
import { HEALTH_SENTENCES } from '../../../../src-shared/domain/health/health-sentences';
import type { TruthFacts } from '../../../../src-shared/domain/project/image-set';
import type { Method } from '../../../../src-shared/domain/project/methods';

const entropy = (): Method => 'entropy';
const cost = (group: string, tensor: string, clippedFraction: number, noiseToSignal = 1e-3): GroupCost => ({
  tensor,
  method: 'entropy',
  group,
  noiseToSignal,
  clippedFraction,
});

describe('groups', () => {
  it('are judged by the tensor that clips them most and by their mean noise', () => {
    const costs = [
      cost('day', 'a', 0.001, 1e-3),
      cost('day', 'b', 0, 1e-3),
      cost('night', 'a', 0.1, 1e-1),
      cost('night', 'b', 0.07, 1e-3),
    ];
    const groups = healthGroups(costs, { day: 98, night: 2 });
    expect(groups['day']).toEqual({
      images: 98,
      share: 0.98,
      expectedSqnrDb: 30,
      clippedFraction: 0.001,
      clippedTensor: 'a',
    });
    expect(groups['night']?.expectedSqnrDb).toBeCloseTo(-10 * Math.log10((0.1 + 0.001) / 2), 10);
    const found = groupFindings(groups, costs, LIMITS);
    expect(found.map(({ code, group }) => [code, group])).toEqual([
      ['group-clipped-by-method', 'night'],
      ['group-sqnr-low', 'night'],
      ['group-small', 'night'],
    ]);
    expect(found[0]).toMatchObject({
      value: 0.1,
      limit: 0.05,
      tensors: ['a', 'b'],
      message: 'entropy clips 10.0 % of night in a; minmax would clip nothing. 2 tensors are above 5.00 %.',
    });
    expect(found[2]?.message).toBe(
      'night is only 2.00 % of the set (2 images): thresholds other than minmax hardly see it',
    );
  });

  it('are clipped seriously where it costs signal, not where values lie just above the threshold', () => {
    const severityAt = (noise: number) => {
      const costs = [cost('all', 'a', 0.06, noise)];
      return groupFindings(healthGroups(costs, { all: 9 }), costs, LIMITS)[0]?.severity;
    };
    expect([severityAt(0.02), severityAt(0.005)]).toEqual(['error', 'warning']);
  });

  it('of a set without groups is neither small nor low', () => {
    const costs = [cost('all', 'a', 0.001)];
    expect(groupFindings(healthGroups(costs, { all: 400 }), costs, LIMITS)).toEqual([]);
  });
});

describe('images', () => {
  const pair = (
    kind: DuplicatePair['kind'],
    first: string,
    second: string,
    set: 'calibration' | 'validation' = 'calibration',
  ): DuplicatePair => ({ kind, first: { set: 'calibration', id: first }, second: { set, id: second } });

  it('that occur twice are counted once each, those shared with validation apart', () => {
    const found = duplicateFindings([
      pair('exact', 'a', 'b'),
      pair('exact', 'a', 'c'),
      pair('near', 'd', 'e'),
      pair('exact', 'a', 'v', 'validation'),
    ]);
    expect(found.map(({ code, value }) => [code, value])).toEqual([
      ['images-shared', 1],
      ['images-duplicate', 2],
      ['images-near-duplicate', 1],
    ]);
    expect(found[1]?.message).toBe(
      '2 calibration images are exact copies of another one and count twice; the first: b = a',
    );
    expect(found[1]?.images).toEqual([
      { set: 'calibration', id: 'a' },
      { set: 'calibration', id: 'b' },
      { set: 'calibration', id: 'a' },
      { set: 'calibration', id: 'c' },
    ]);
  });

  it('twice within the validation set are not the calibration set’s concern', () => {
    const within: DuplicatePair = {
      kind: 'exact',
      first: { set: 'validation', id: 'v' },
      second: { set: 'validation', id: 'w' },
    };
    expect(duplicateFindings([within])).toEqual([]);
  });

  it('that cannot be decoded are named with their set', () => {
    const [found] = corruptFindings([{ set: 'validation', file: 'x.jpg', reason: 'Cannot read x.jpg: truncated' }]);
    expect(found).toMatchObject({
      code: 'images-corrupt',
      file: 'x.jpg',
      message: '1 image of the validation set cannot be decoded; the first: Cannot read x.jpg: truncated',
    });
  });

  it('that set a maximum matter most where minmax is in use', () => {
    const maxima = [{ id: 'odd.png', tensors: [{ tensor: 'f.2/Relu', amax: 4.1, without: 2.6 }] }];
    const [found] = maximumFindings(maxima, () => 'minmax', 1.5);
    expect(found).toMatchObject({
      severity: 'warning',
      file: 'odd.png',
      message: 'odd.png alone sets the maximum of 1 tensor: without it minmax of f.2/Relu falls 4.10 → 2.60',
    });
    expect(maximumFindings(maxima, entropy, 1.5)[0]?.severity).toBe('info');
  });

  it('have boxes that look wrong', () => {
    const facts: TruthFacts = {
      source: 'voc',
      path: '/d',
      ...{ images: 1, background: 0, boxes: 9, classes: [], crowds: 0, difficult: 0 },
      ...{ outside: 1, duplicates: 2, empty: 0 },
    };
    expect(labelFindings(facts)).toMatchObject([{ code: 'labels-odd', severity: 'info', value: 3 }]);
    expect(labelFindings({ ...facts, outside: 0, duplicates: 0 })).toEqual([]);
    expect(labelFindings(undefined)).toEqual([]);
  });

  it('are few below the limit', () => {
    expect(sizeFindings(31, LIMITS).map(({ code }) => code)).toEqual(['few-images']);
    expect(sizeFindings(32, LIMITS)).toEqual([]);
  });
});

describe('convergence', () => {
  it('counts losses only, and names the worst tensor', () => {
    const point = convergencePoint(50, [
      { tensor: 'a', wholeDb: 30, partDb: 31 },
      { tensor: 'b', wholeDb: 30, partDb: 28 },
      { tensor: 'zero', wholeDb: Infinity, partDb: Infinity },
      { tensor: 'c', wholeDb: 30, partDb: 29 },
    ]);
    expect(point).toEqual({ images: 50, meanLossDb: 0.75, worstLossDb: 2, worstTensor: 'b' });
    expect([foldsOfPart(0.25, 16), foldsOfPart(0.5, 3), foldsOfPart(0.25, 1)]).toEqual([4, 2, 1]);
  });

  it('is judged by the part nearest to half of the images', () => {
    const points = (worstLossDb: number) => [
      { images: 26, meanLossDb: 0, worstLossDb: 9, worstTensor: 'x' },
      { images: 52, meanLossDb: 0, worstLossDb, worstTensor: 'a' },
      { images: 100, meanLossDb: 0, worstLossDb: 0, worstTensor: null },
    ];
    expect(convergenceFindings(points(0.3), LIMITS)[0]).toMatchObject({
      code: 'thresholds-steady',
      severity: 'info',
      value: 0.3,
    });
    expect(convergenceFindings(points(1.4), LIMITS)[0]).toMatchObject({
      code: 'thresholds-unsteady',
      severity: 'warning',
      tensors: ['a'],
    });
    expect(convergenceFindings([], LIMITS)).toEqual([]);
  });
});

describe('images from the field', () => {
  const field = (
    own: Partial<FieldTensorGroup>,
    driftAtLeast: number,
    outputNmse: number | null = null,
  ): FieldComparison => ({
    path: '/field',
    images: 16,
    skipped: 0,
    variant: 'mixed',
    drift: driftAtLeast,
    driftAtLeast,
    groups: {
      night: {
        images: 16,
        drift: driftAtLeast,
        driftAtLeast,
        nearest: null,
        clippedFraction: own.clippedFraction ?? 0,
        clippedTensor: 't',
        outputNmse,
      },
    },
    tensors: [
      {
        tensor: 't',
        threshold: 1,
        amax: 2,
        groups: { night: { clippedFraction: 0, beyondRange: 0, drift: driftAtLeast, driftAtLeast, ...own } },
      },
    ],
  });
  const codes = (comparison: FieldComparison): string[] =>
    fieldFindings(comparison, entropy, LIMITS).map(({ code }) => code);

  it('that drift, clip and err are the set’s fault', () => {
    expect(codes(field({ clippedFraction: 0.11, beyondRange: 0.1 }, 1.4, 0.3))).toEqual([
      'field-drift',
      'field-clipped',
      'field-output-error',
    ]);
    // minmax would clip them too, although they do not drift as a whole.
    expect(codes(field({ clippedFraction: 0.11, beyondRange: 0.1 }, 0.3, 0.3))).toEqual([
      'field-covered',
      'field-clipped',
      'field-output-error',
    ]);
  });

  it('that the set covers and the method clips are the method’s fault', () => {
    expect(codes(field({ clippedFraction: 0.11, beyondRange: 0 }, 0.3, 0.3))).toEqual([
      'field-covered',
      'field-clipped-by-method',
      'field-output-error-by-method',
    ]);
  });

  it('that the method clips without harm to the outputs are a warning', () => {
    const severity = (outputNmse: number | null) =>
      fieldFindings(field({ clippedFraction: 0.06 }, 0.1, outputNmse), entropy, LIMITS).find(
        ({ code }) => code === 'field-clipped-by-method',
      )?.severity;
    expect([severity(0.002), severity(0.2), severity(null)]).toEqual(['warning', 'error', 'error']);
  });

  it('that cannot be read are counted', () => {
    expect(skippedFindings([])).toEqual([]);
    expect(skippedFindings([{ file: 'a.jpg', reason: 'Cannot read a.jpg: the file is empty' }])).toMatchObject([
      {
        code: 'field-skipped',
        value: 1,
        message: '1 image to compare with could not be read; the first: Cannot read a.jpg: the file is empty',
      },
    ]);
  });

  it('that are too few say that they cannot tell', () => {
    const few = (images: number, drift: number, driftAtLeast: number) => {
      const comparison = field({}, driftAtLeast);
      const groups = Object.fromEntries(
        Object.entries(comparison.groups).map(([name, group]) => [name, { ...group, images, drift }]),
      );
      return fieldFindings({ ...comparison, groups }, entropy, LIMITS);
    };
    expect(few(2, 1.3, 0.1)).toMatchObject([
      {
        code: 'field-unclear',
        severity: 'warning',
        value: 1.3,
        message:
          'night: 2 images are too few to tell; the drift may be 1.30, the limit is 0.65. Give the check 16 or more.',
      },
    ]);
    expect(few(2, 0.3, 0.1).map(({ code }) => code)).toEqual(['field-covered']);
    expect(few(2, 1.9, 0.9).map(({ code }) => code)).toEqual(['field-drift']);
    expect(few(16, 0.8, 0.6).map(({ code }) => code)).toEqual(['field-covered']);
  });

  it('that are like the set only say so', () => {
    const found = fieldFindings(field({ clippedFraction: 0.01 }, 0.1, 0.01), entropy, LIMITS);
    expect(found).toMatchObject([{ code: 'field-covered', severity: 'info', value: 0.1, limit: LIMITS.drift }]);
  });
});

it('sorts by severity and keeps the order otherwise', () => {
  const found = bySeverity([
    ...sizeFindings(1, LIMITS),
    ...groupFindings(healthGroups([cost('g', 'a', 0.2, 0.1)], { g: 1 }), [cost('g', 'a', 0.2, 0.1)], LIMITS),
  ]);
  expect(found.map(({ severity }) => severity)).toEqual(['error', 'warning']);
});

it('has every sentence in both languages with the same placeholders', () => {
  const names = (text: string): string[] =>
    [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name ?? ''))].sort();
  for (const code of HEALTH_CODES)
    expect([code, names(HEALTH_SENTENCES[code].zh)]).toEqual([code, names(HEALTH_SENTENCES[code].en)]);
});
