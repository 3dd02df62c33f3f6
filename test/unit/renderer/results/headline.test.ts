import { describe, expect, it } from 'vitest';
import { judgeAll } from '../../../../src-renderer/features/results/gates';
import { headlineOf, type Headline } from '../../../../src-renderer/features/results/headline';
import { knownClipping } from '../../../../src-renderer/features/results/why';
import type { ThresholdRow } from '../../../../src-shared/contract/views';
import type { DiagnosisResult } from '../../../../src-shared/domain/analysis/analysis';
import type { Gates } from '../../../../src-shared/domain/project/gates';
import type { RunRecord } from '../../../../src-shared/domain/runs/run-record';
import { diagnosis } from '../analysis-results';
import { RECORD, withRow } from './records';

const NONE: Gates = { maxTop1Drop: null, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null };
const FILE = { plan: { layers: {} }, tensorMethods: {}, target: 'onnxruntime' } as const;

function headline(record: RunRecord, gates: Partial<Gates>, diagnoses: readonly DiagnosisResult[] = []): Headline {
  const dated = diagnoses.map((result) => ({ result, isCurrent: true }));
  return headlineOf({
    record,
    judged: judgeAll(record, { ...NONE, ...gates }),
    analyses: { diagnoses: dated },
    file: FILE,
  });
}

const top1 = (value: number) => ({ top1: value, measure: { name: 'top-1', value, higherIsBetter: true } });

describe('headlineOf', () => {
  it('offers the change that was measured to win the group back, else asks why', () => {
    expect(headline(RECORD, { maxWorstGroupDrop: 1 }, [diagnosis()])).toMatchObject({
      kind: 'mend',
      group: 'night',
      action: { kind: 'apply', edit: { kind: 'precision', layer: 'conv_1', precision: 'fp16' } },
    });
    expect(headline(RECORD, { maxWorstGroupDrop: 1 })).toMatchObject({
      kind: 'missed',
      gate: { group: 'night' },
      action: { kind: 'why', subject: { kind: 'group', group: 'night' } },
    });
  });

  it('says when FP16 is faster and loses no more', () => {
    const table = [...RECORD.table, { variant: 'fp16', backend: 'tensorrt', latencyMs: 0.08, ...top1(97) } as const];
    const found = headline({ ...RECORD, table }, {});
    expect(found).toMatchObject({ kind: 'ship', other: 'fp16', speed: { kind: 'slower' } });
    // Also before a gate that the variant misses.
    expect(headline({ ...RECORD, table }, { maxWorstGroupDrop: 1 })).toMatchObject({ kind: 'ship' });
    expect(
      headline(
        { ...RECORD, table: [...RECORD.table, { variant: 'fp16', backend: 'tensorrt', latencyMs: 0.08, ...top1(90) }] },
        {},
      ).kind,
    ).toBe('open');
  });

  it('says to ship FP16 if INT8 is not faster by more than one per cent', () => {
    const own = RECORD.table.find(({ variant }) => variant === 'mixed')?.latencyMs ?? 0;
    const withFp16 = (latencyMs: number) =>
      headline(
        { ...RECORD, table: [...RECORD.table, { variant: 'fp16', backend: 'tensorrt', latencyMs, ...top1(97) }] },
        {},
      );
    expect(withFp16(own * 1.005)).toMatchObject({ kind: 'ship', speed: { kind: 'same' } });
    expect(withFp16(own * 1.02).kind).toBe('open');
  });

  it('is ready, open or not judged, each with its next step', () => {
    expect(headline(RECORD, { maxTop1Drop: 2 })).toMatchObject({
      kind: 'ready',
      facts: { difference: '−1.50 pp', sqnr: null },
      action: { label: 'export' },
    });
    expect(headline(RECORD, {})).toMatchObject({ kind: 'open', action: { label: 'setGates' } });
    const untimed = {
      ...RECORD,
      table: [
        { variant: 'fp32', backend: 'ort-cpu', top1: 97 },
        { variant: 'mixed', backend: 'ort-cpu', top1: 96 },
      ] as const,
    };
    expect(headline(untimed, { maxLatencyMs: 1 })).toMatchObject({ kind: 'unjudged', action: { screen: 'run' } });
    expect(headline({ ...RECORD, shipped: [] }, {}).kind).toBe('none');
  });

  it('does not call what the rounds cannot tell apart slower', () => {
    const unclear = withRow(RECORD, 'mixed', { latencyMs: 0.21, ratioToFp32: { median: 1.05, p10: 0.95, p90: 1.1 } });
    expect(headline(unclear, {}).kind).toBe('open');
    expect(
      headline(withRow(RECORD, 'mixed', { latencyMs: 0.21, ratioToFp32: { median: 1.05, p10: 1.02, p90: 1.1 } }), {}),
    ).toMatchObject({ kind: 'slower', other: 'fp32' });
  });
});

describe('knownClipping', () => {
  const row = (name: string, night: number, all: number): ThresholdRow => ({
    name,
    amax: 4,
    methods: { entropy: 2 },
    method: 'entropy',
    threshold: 2,
    scale: 2 / 127,
    sqnrDb: 20,
    clippedFraction: all,
    costs: [
      { method: 'entropy', group: 'night', sqnrDb: 10, clippedFraction: night },
      { method: 'minmax', group: 'night', sqnrDb: 30, clippedFraction: 0 },
      { method: 'entropy', group: null, sqnrDb: 20, clippedFraction: all },
    ],
  });

  it('names what the thresholds in use clip of a group, worst first', () => {
    const found = knownClipping(
      { tensors: [row('a', 0.01, 0.002), row('b', 0.15, 0.05), row('c', 0.0001, 0)] },
      'night',
    );
    expect(found).toEqual([
      { tensor: 'b', threshold: 2, clippedFraction: 0.15, elsewhere: 0.05 },
      { tensor: 'a', threshold: 2, clippedFraction: 0.01, elsewhere: 0.002 },
    ]);
  });

  it('knows nothing of a group that was not calibrated', () => {
    expect(knownClipping({ tensors: [row('a', 0.1, 0.1)] }, 'fog')).toBeNull();
  });
});
