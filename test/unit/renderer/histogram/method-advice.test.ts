import { beforeEach, describe, expect, it } from 'vitest';
import {
  autoSummary,
  choiceReason,
  differingChoices,
  isAutoEverywhere,
  objectiveRows,
} from '../../../../src-renderer/features/histogram/method-advice';
import { setLanguage } from '../../../../src-renderer/i18n';
import { autoResult } from '../analysis-results';

beforeEach(() => setLanguage('en'));

describe('objectiveRows', () => {
  it('compares every single method with the choice per tensor, by unseen images', () => {
    const rows = objectiveRows(autoResult());
    expect(rows.map(({ method, isUsed }) => [method, isUsed])).toEqual([
      ['auto', true],
      ['minmax', false],
      ['entropy', false],
    ]);
    expect(rows.map(({ confirmedShare }) => Number(confirmedShare.toFixed(4)))).toEqual([0.0387, 0.0677, 1]);
  });

  it('marks the single method that auto is when choosing was no better', () => {
    const rows = objectiveRows(autoResult({ verdict: 'single', descent: { chosen: 0.01, confirmed: 0.03 } }));
    expect(rows.filter(({ isUsed }) => isUsed).map(({ method }) => method)).toEqual(['minmax']);
    expect(rows[0]?.method).toBe('minmax');
  });

  it('has empty bars where nothing is lost', () => {
    const nothing = { chosen: 0, confirmed: 0 };
    expect(
      objectiveRows(autoResult({ singles: [{ method: 'minmax', ...nothing }], descent: nothing })).every(
        (row) => row.chosenShare === 0 && row.confirmedShare === 0,
      ),
    ).toBe(true);
  });
});

describe('choices', () => {
  it('keeps those that differ from the best single method', () => {
    expect(differingChoices(autoResult()).map(({ tensor }) => tensor)).toEqual(['conv_1_out']);
  });

  it('knows when every tensor follows auto', () => {
    expect(isAutoEverywhere({ method: 'auto', tensorMethods: {} })).toBe(true);
    expect(isAutoEverywhere({ method: 'auto', tensorMethods: { a: 'mse' } })).toBe(false);
    expect(isAutoEverywhere({ method: 'entropy', tensorMethods: {} })).toBe(false);
  });
});

describe('in words', () => {
  it('takes the application’s sentences in English', () => {
    const result = autoResult();
    expect(autoSummary(result, 'en')).toBe('auto is better than one method.');
    expect(result.choices.map((choice) => choiceReason(choice, result, 'en'))).toEqual([
      'As the best single method.',
      'Lowers the error of night.',
    ]);
  });

  it('says the same in Chinese from the numbers, plainly when auto is no better', () => {
    setLanguage('zh');
    expect(autoSummary(autoResult(), 'zh')).toContain('输出误差为 0.0120，最大值为 0.0210；2 个张量中有 1 个');
    expect(autoSummary(autoResult({ verdict: 'single' }), 'zh')).toContain('auto 即全部张量采用最大值');
    const result = autoResult();
    expect(choiceReason({ tensor: 'x', method: 'mse', threshold: 1, code: 'descent', reason: 'r' }, result, 'zh')).toBe(
      '在此处比最大值的输出误差更小',
    );
    expect(
      choiceReason({ tensor: 'x', method: 'mse', threshold: 1, code: 'new-code', reason: 'r' }, result, 'zh'),
    ).toBe('r');
    const detector = autoResult({ comparesCandidates: true });
    expect(autoSummary(detector, 'zh')).toContain('候选框的误差为 0.0120');
    expect(autoSummary(autoResult({ comparesAnswers: true }), 'zh')).toContain('与 FP32 不同的答案所占比例为 0.0120');
  });
});
