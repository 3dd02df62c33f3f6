import { describe, expect, it } from 'vitest';
import { chooseSmoothing, type SmoothingMeasurements } from '../../../src-main/analysis/smoothing-choice';
import type { TrialQuality } from '../../../src-shared/domain/analysis/analysis';

const FOUND = [
  { alpha: 0.25, key: 'quarter' },
  { alpha: 0.5, key: 'half' },
];

/** @param candidateNmse of a detector; null: the model is none */
function quality(nmse: number, candidateNmse: number | null): TrialQuality {
  return {
    nmse,
    sqnrDb: null,
    worstGroupNmse: null,
    agreement: null,
    top1: null,
    worstGroup: null,
    groupTop1: {},
    ...(candidateNmse === null ? {} : { candidateNmse }),
  };
}

type Errors = readonly [nmse: number, candidates: number | null];

/** Measures the same on all images, and notes what it measured. */
function measured(errors: Readonly<Record<string, Errors>>): SmoothingMeasurements & { readonly asked: string[] } {
  const asked: string[] = [];
  const of = (key: string | null, where: string): Promise<TrialQuality> => {
    asked.push(`${key ?? 'none'} ${where}`);
    return Promise.resolve(quality(...(errors[key ?? 'none'] ?? [1, null])));
  };
  return {
    asked,
    onChosen: (key, isScreened) => of(key, isScreened ? 'screened' : 'chosen'),
    onConfirmed: (key) => of(key, 'confirmed'),
  };
}

describe('chooseSmoothing', () => {
  it('chooses for a detector by its candidates, whatever all values of the outputs say', async () => {
    const outcome = await chooseSmoothing(
      FOUND,
      measured({ none: [0.1, 0.4], quarter: [0.05, 0.5], half: [0.2, 0.3] }),
    );
    expect(outcome).toMatchObject({
      choice: { alpha: 0.5, key: 'half' },
      without: { chosen: 0.4, confirmed: 0.4 },
      comparesCandidates: true,
    });
    expect(outcome.candidates).toEqual([
      { alpha: 0.25, chosen: 0.5 },
      { alpha: 0.5, chosen: 0.3, confirmed: 0.3 },
    ]);
  });

  it('chooses nothing for a detector if only all values of the outputs come nearer', async () => {
    const outcome = await chooseSmoothing(FOUND, measured({ none: [0.1, 0.4], quarter: [0.05, 0.41], half: [0, 0.6] }));
    expect(outcome.choice).toBeUndefined();
  });

  it('chooses for other models by all values of the outputs', async () => {
    const outcome = await chooseSmoothing(
      FOUND,
      measured({ none: [0.1, null], quarter: [0.05, null], half: [0.2, null] }),
    );
    expect(outcome.choice).toEqual({ alpha: 0.25, key: 'quarter' });
    expect(outcome.comparesCandidates).toBeUndefined();
  });

  it('measures no factors on further images that are clearly worse on few', async () => {
    const measurements = measured({ none: [0.1, null], quarter: [0.11, null], half: [0.2, null] });
    expect((await chooseSmoothing(FOUND, measurements)).choice).toBeUndefined();
    expect(measurements.asked).toEqual(['none chosen', 'quarter screened', 'half screened']);
  });

  it('lets the caller decide instead of images that did not choose', async () => {
    const measurements = measured({ none: [0.1, null], quarter: [0.05, null], half: [0.2, null] });
    const asked: string[] = [];
    const outcome = await chooseSmoothing(FOUND, measurements, (key) => {
      asked.push(key);
      return Promise.resolve(false);
    });
    expect(asked).toEqual(['quarter']);
    expect(outcome.choice).toBeUndefined();
    expect(measurements.asked).not.toContain('quarter confirmed');
  });
});
