import { withBases } from '../../../../src-renderer/state/precision-edits';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  actionEdit,
  actionName,
  canExplain,
  changeText,
  diagnosisSummary,
  isApplied,
  isSameSubject,
  storedDiagnosis,
  subjectName,
} from '../../../../src-renderer/features/results/why';
import { setLanguage } from '../../../../src-renderer/i18n';
import { parseRequest } from '../../../../src-shared/contract/requests';
import type { DiagnosisResult } from '../../../../src-shared/domain/analysis/analysis';
import { diagnosis, NO_ANALYSES, quality } from '../analysis-results';

const dated = (...results: readonly DiagnosisResult[]): typeof NO_ANALYSES => ({
  ...NO_ANALYSES,
  diagnoses: results.map((result) => ({ isCurrent: true, result })),
});

beforeEach(() => setLanguage('en'));

describe('what can be asked', () => {
  it('is every variant that is quantized', () => {
    expect(['int8', 'mixed', 'int8-entropy', 'mixed-minmax'].map(canExplain)).toEqual([true, true, true, true]);
    expect(['fp32', 'fp16', 'from-the-future'].map(canExplain)).toEqual([false, false, false]);
  });

  it('tells subjects apart by all they say', () => {
    expect(isSameSubject({ kind: 'confusion', from: 6, to: 8 }, { kind: 'confusion', from: 6, to: 8 })).toBe(true);
    expect(isSameSubject({ kind: 'confusion', from: 8, to: 6 }, { kind: 'confusion', from: 6, to: 8 })).toBe(false);
    expect(isSameSubject({ kind: 'class', label: 6 }, { kind: 'group', group: '6' })).toBe(false);
    expect(isSameSubject(null, { kind: 'class', label: 6 })).toBe(false);
  });
});

describe('storedDiagnosis', () => {
  const wish = { subject: { kind: 'group', group: 'night' }, variant: 'mixed', target: 'onnxruntime' } as const;

  it('is the newest of the same subject, variant and target', () => {
    const old = diagnosis({ createdAt: '2026-11-01T00:00:00.000Z' });
    const recent = diagnosis({ createdAt: '2026-11-02T00:00:00.000Z' });
    expect(storedDiagnosis(dated(old, recent, diagnosis({ variant: 'int8' })), wish)?.result).toBe(recent);
  });

  it('is nothing for another variant, target or subject', () => {
    for (const other of [
      { variant: 'int8' },
      { target: 'tensorrt' as const },
      { subject: { kind: 'group', group: 'day' } as const },
    ])
      expect(storedDiagnosis(dated(diagnosis(other)), wish)).toBeNull();
    expect(storedDiagnosis(null, wish)).toBeNull();
  });
});

describe('actions', () => {
  const [release, threshold] = diagnosis().actions;
  if (release === undefined || threshold === undefined) throw new Error('the fixture has two actions');

  it('are edits that the application takes', () => {
    const edits = [actionEdit(release), actionEdit(threshold)];
    expect(edits).toEqual([
      { kind: 'precision', layer: 'conv_1', precision: 'fp16' },
      { kind: 'tensor-method', tensor: 'conv_1_out', method: 'minmax' },
    ]);
    const sent = withBases(
      edits.filter((edit) => edit !== null),
      new Map([['conv_1', 'auto']]),
    );
    const request = { projectPath: '/p.calib', edits: sent };
    expect(parseRequest('editProject', request)).toEqual(request);
    expect(actionEdit({ kind: 'threshold', name: 'x' })).toBeNull();
  });

  it('are known to be done', () => {
    const layer = { kind: 'precision', layer: 'conv_1', precision: 'fp16' } as const;
    expect(isApplied(layer, { plan: { layers: {} }, tensorMethods: {} })).toBe(false);
    expect(isApplied(layer, { plan: { layers: { conv_1: 'fp16' } }, tensorMethods: {} })).toBe(true);
    const tensor = { kind: 'tensor-method', tensor: 'conv_1_out', method: 'minmax' } as const;
    expect(isApplied(tensor, { plan: { layers: {} }, tensorMethods: { conv_1_out: 'mse' } })).toBe(false);
    expect(isApplied(tensor, { plan: { layers: {} }, tensorMethods: { conv_1_out: 'minmax' } })).toBe(true);
  });

  it('have the name that undo shows', () => {
    expect([actionName(release), actionName(threshold)]).toEqual(['conv_1 to FP16', 'MinMax for conv_1_out']);
  });

  it('tell their effect by labels, else by FP32’s answers, else by the error', () => {
    expect(changeText(release.before, release.after)).toBe('Right answers 70.00 % → 93.00 %');
    const unlabelled = (agreement: number | null, sqnrDb: number): ReturnType<typeof quality> =>
      quality({ top1: null, agreement, sqnrDb });
    expect(changeText(unlabelled(80, 5), unlabelled(95, 15))).toBe('Answers as FP32 80.00 % → 95.00 %');
    expect(changeText(unlabelled(null, 5), unlabelled(null, 15))).toBe('output SQNR 5.0 dB → 15.0 dB');
  });
});

describe('in words', () => {
  it('names the subject by its classes', () => {
    const validation = { classNames: ['zero', 'one'] };
    expect(subjectName({ kind: 'group', group: 'night' }, validation)).toBe('group night');
    expect(subjectName({ kind: 'class', label: 1 }, validation)).toBe('class one');
    expect(subjectName({ kind: 'confusion', from: 0, to: 1 }, validation)).toBe('zero → one');
  });

  it('is the application’s paragraph in English and one of its numbers in Chinese', () => {
    expect(diagnosisSummary(diagnosis(), 'night', 'en')).toBe('Night is clipped in one tensor.');
    setLanguage('zh');
    expect(diagnosisSummary(diagnosis(), 'night', 'zh')).toMatch(
      /64 张图像.*conv_1_out 截断了其中 12\.0 %.*conv_1 设为 FP16/,
    );
    expect(diagnosisSummary(diagnosis({ clipped: [], actions: [] }), 'night', 'zh')).toMatch(/舍入.*没有哪一项改动/);
  });
});
