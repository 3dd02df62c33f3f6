import { afterEach, describe, expect, it } from 'vitest';
import { adviceFor } from '../../../../src-main/app/fix/advice';
import { nearerText, wonText } from '../../../../src-main/app/fix/stage-text';
import { concluded, type Ended } from '../../../../src-main/app/fix/summary';
import { noteText, verdictText } from '../../../../src-renderer/features/results/fix-verdict';
import { setLanguage } from '../../../../src-renderer/i18n';
import { recordSentence } from '../../../../src-renderer/i18n/record-sentences';
import type { FixPlan, FixStageRow } from '../../../../src-shared/domain/analysis/fix';

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

describe('the note of a stage', () => {
  afterEach(() => setLanguage('en'));
  const row = (note: string, outcome: FixStageRow['outcome']): FixStageRow => ({
    stage: 'release',
    outcome,
    note,
    candidates: 1,
    errorBefore: 1,
    errorAfter: 1,
    plan: 0,
    seconds: 1,
  });
  const won = plan(true, { drop: 0.1 });
  const notes: readonly [string, FixStageRow['outcome']][] = [
    ['The project as it is does not meet the gates.', 'no-gain'],
    ['Nothing came nearer to FP32 on the images that choose.', 'no-gain'],
    ['Not tried: it would take about 3.0 minutes, and 1.5 are left.', 'skipped'],
    ['Not tried: no more layers may leave INT8.', 'skipped'],
    [nearerText(0.4, 0.2), 'better'],
    [wonText(won, plan(false)), 'met'],
    [wonText(won, undefined), 'better'],
  ];

  it.each(notes)('is said in both languages: %s', (note, outcome) => {
    expect(noteText(row(note, outcome), won)).toBe(note);
    setLanguage('zh');
    const text = noteText(row(note, outcome), won);
    expect(text).toMatch(/\p{Script=Han}/u);
    expect(text).not.toMatch(/[a-z]{4}|[{}]/);
    for (const value of note.match(/\d+\.\d+/g) ?? []) expect(text).toContain(value);
  });
});
