import { describe, expect, it } from 'vitest';
import { measureNote, statisticsNotes } from '../../../../src-renderer/features/results/notes';
import { runHeadline } from '../../../../src-renderer/features/results/runs';
import { historyEntry } from '../../../../src-shared/domain/history/history-entry';
import { bench, RECORD, report, withRow } from './records';

const keys = (record: typeof RECORD): readonly string[] =>
  statisticsNotes(record).map((note) => `${note.key} ${note.tone}`);

describe('statisticsNotes', () => {
  it('says whether the difference of what is shipped is more than chance', () => {
    expect(keys({ ...RECORD, validation: { images: 594, labelled: true, variants: [] } })).toEqual([
      'results.stat.clear caution',
    ]);
    const unclear = withRow(RECORD, 'mixed', {
      difference: { value: -0.34, interval95: [-1.2, 0.5], p: 0.688 },
      comparedToFp32: { top1Difference: -0.34, interval95: [-1.2, 0.5], mcnemarP: 0.688 },
    });
    const notes = statisticsNotes({ ...unclear, validation: { images: 594, labelled: true, variants: [] } });
    expect(notes).toEqual([
      {
        key: 'results.stat.unclear',
        params: {
          variant: 'mixed',
          measure: 'top-1',
          difference: '−0.34 pp',
          test: 'McNemar’s exact test, p = 0.688',
        },
        tone: 'plain',
      },
    ]);
  });

  it('lets the test decide alone, whatever the interval includes', () => {
    const validation = { images: 594, labelled: true, variants: [] };
    const beside = (comparedToFp32: {
      readonly top1Difference: number;
      readonly interval95: readonly [number, number];
      readonly mcnemarP: number;
    }): readonly string[] => keys({ ...withRow(RECORD, 'mixed', { comparedToFp32 }), validation });
    expect(beside({ top1Difference: -1.2, interval95: [-2.4, -0.1], mcnemarP: 0.0703 })).toEqual([
      'results.stat.unclear plain',
    ]);
    expect(beside({ top1Difference: -1.2, interval95: [-2.4, 0], mcnemarP: 0.031 })).toEqual([
      'results.stat.clear caution',
    ]);
  });

  it('tells images without labels from a model without classes', () => {
    expect(
      keys({ ...RECORD, shipped: [], validation: { images: 900, labelled: false, classCount: 0, variants: [] } }),
    ).toEqual(['results.stat.noClasses plain']);
    expect(
      keys({ ...RECORD, shipped: [], validation: { images: 900, labelled: false, classCount: 10, variants: [] } }),
    ).toEqual(['results.stat.unlabelled plain']);
  });

  it('judges a measure without a test by its interval, and names what stands for labels', () => {
    const measure = { name: "AP against FP32's detections", value: 80, higherIsBetter: true };
    const row = { variant: 'mixed', backend: 'ort-cpu' as const };
    const table = [{ ...row, measure, difference: { value: -20, interval95: [-25, -15] as const } }];
    const variants = [report('mixed', { measure, againstFp32: true })];
    const task = { kind: 'embedding', output: 'x' } as const;
    const validation = { images: 594, labelled: false, classCount: 0, task, variants };
    expect(keys({ ...RECORD, table, validation })).toEqual([
      'results.stat.againstFp32 plain',
      'results.stat.clear caution',
    ]);
  });

  it('puts the reason why there is no measure apart, for the place above the table', () => {
    const noMeasure = { code: 'no-task', message: '' } as const;
    const validation = { images: 9, labelled: false, classCount: 0, task: null, noMeasure, variants: [] };
    expect(measureNote({ validation })).toMatchObject({ key: 'results.stat.noMeasure.no-task', tone: 'caution' });
    expect(keys({ ...RECORD, shipped: [], validation })).toEqual([]);
    expect(measureNote({ validation: null })).toBeNull();
  });

  it('says when images are few, unlabelled or missing', () => {
    const few = report('mixed', {
      difference: { value: 0, interval95: [0, 0], p: 1, fewImages: true },
      comparedToFp32: { top1Difference: 0, interval95: [0, 0], mcnemarP: 1, fewImages: true },
    });
    expect(keys({ ...RECORD, shipped: [], validation: { images: 20, labelled: false, variants: [few] } })).toEqual([
      'results.stat.unlabelled plain',
      'results.stat.fewImages caution',
    ]);
    expect(keys({ ...RECORD, shipped: [] })).toEqual(['results.stat.noValidation plain']);
  });

  it('names each variant whose latency was not steady once', () => {
    const noisy = { ...bench('mixed', [1, 1, 1, 1, 1, 1]), coefficientOfVariation: 0.4 };
    const benchmark = {
      backend: 'ort-cpu',
      device: 'EPYC',
      threads: 2,
      rounds: 20,
      variants: [bench('fp32', [1, 1, 1, 1, 1, 1]), noisy, { ...noisy, batch: 8 }],
    } as const;
    expect(statisticsNotes({ ...RECORD, shipped: [], benchmark }).at(-1)).toEqual({
      key: 'results.stat.unsteady',
      params: { variants: 'mixed', most: '40.0 %' },
      tone: 'caution',
    });
  });
});

describe('runHeadline', () => {
  const headlineOf = (record: typeof RECORD): unknown => runHeadline(historyEntry(record, null));

  it('tells what is shipped and whether its gates were met', () => {
    const gate = { name: 'minTop1', limit: 96, value: 95.5, met: false, state: 'missed' as const, variant: 'mixed' };
    expect(headlineOf({ ...RECORD, gates: [gate, { ...gate, met: true, state: 'met' }] })).toEqual({
      variant: 'mixed',
      measure: { name: 'top-1', value: 95.5, higherIsBetter: true },
      latencyMs: 0.1,
      gates: { all: 2, missed: 1, unjudged: 0 },
    });
    expect(
      headlineOf({
        ...RECORD,
        gates: [
          { ...gate, value: null, state: 'unjudged' },
          { ...gate, met: true, state: 'met' },
        ],
      }),
    ).toMatchObject({ gates: { all: 2, missed: 0, unjudged: 1 } });
    expect(headlineOf({ ...RECORD, shipped: [] })).toEqual({
      variant: null,
      measure: null,
      latencyMs: null,
      gates: null,
    });
  });
});
