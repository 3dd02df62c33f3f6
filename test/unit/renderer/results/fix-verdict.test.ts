import { afterEach, describe, expect, it } from 'vitest';
import { adviceFor } from '../../../../src-main/app/fix/advice';
import { concluded, type Ended } from '../../../../src-main/app/fix/summary';
import { verdictText } from '../../../../src-renderer/features/results/fix-verdict';
import { setLanguage } from '../../../../src-renderer/i18n';
import { recordSentence } from '../../../../src-renderer/i18n/record-sentences';
import type { FixPlan } from '../../../../src-shared/domain/analysis/fix';

const GATE = { name: 'maxDrop', limit: 0.3, value: 0.6, met: false, state: 'missed', variant: 'mixed' } as const;

function plan(met: boolean, changes: Partial<FixPlan> = {}): FixPlan {
  return {
    stage: 'release',
    decisions: { method: 'mse', tensorMethods: {}, plan: { layers: {} } },
    methods: ['mse'],
    repairs: ['equalization', 'biasCorrection'],
    fp16Layers: ['conv0'],
    error: 0.02,
    measure: { name: 'top-1', value: 96.9, higherIsBetter: true },
    difference: { value: -0.6, interval95: [-1.05, -0.25] },
    drop: 0.6,
    gates: [{ ...GATE, met, state: met ? 'met' : 'missed' }],
    met,
    isPareto: false,
    ...changes,
  };
}

function resultOf(plans: readonly FixPlan[], isFinished = true) {
  const fp32 = { measure: { name: 'top-1', value: 97.5, higherIsBetter: true } };
  return concluded(
    { plans, stages: [], references: [], fp32, judgedOn: 'validation', images: 2000 } as unknown as Ended,
    { isFinished },
  );
}

const RESULTS = [
  resultOf([plan(false), plan(true)]),
  resultOf([plan(false, { fp16Layers: [], methods: ['mse', 'entropy'] })]),
  resultOf([plan(false, { gates: [{ ...GATE, name: 'minTop1', limit: 98, value: 96.9 }] })]),
  resultOf([plan(false, { measure: undefined, difference: undefined } as object)], false),
  resultOf([]),
];

describe('the verdict of a fix on screens', () => {
  afterEach(() => setLanguage('en'));

  it.each(RESULTS)('says what the result says: $reason', (result) => {
    expect(verdictText(result)).toBe(result.reason);
    setLanguage('zh');
    expect(verdictText(result)).toMatch(/\p{Script=Han}/u);
    expect(verdictText(result)).not.toMatch(/[{}]/);
  });

  it('has its notes and its advice in Chinese', () => {
    const advice = adviceFor({
      plan: plan(false),
      images: 2000,
      calibration: [{ group: 'day' }, { group: 'night' }],
      groups: ['day', 'night'],
      release: { error: 0.02, ranking: [{ layer: 'conv0', gain: 0.01 }] },
    });
    const sentences = [...RESULTS.flatMap(({ notes }) => notes), ...advice.map(({ sentence }) => sentence)];
    expect(sentences.length).toBeGreaterThan(4);
    setLanguage('zh');
    for (const sentence of sentences) expect(recordSentence(sentence)).toMatch(/\p{Script=Han}/u);
  });
});
