import { describe, expect, it } from 'vitest';
import type { TableRow } from '../../../../src-shared/domain/runs/run-record';
import type { Gates } from '../../../../src-shared/domain/project/gates';
import {
  areGatesEqual,
  gateLimit,
  gateOfCell,
  gateOfColumn,
  gatesOfRun,
  hasGates,
  judgeAll,
  verdictOf,
} from '../../../../src-renderer/features/results/gates';
import { RECORD } from './records';

const GATES: Gates = { maxTop1Drop: 1, maxWorstGroupDrop: 3, minTop1: null, maxLatencyMs: 0.15 };

describe('judgeAll', () => {
  const judged = judgeAll(RECORD, GATES);

  it('judges every variant but the reference', () => {
    expect(new Set(judged.map((gate) => gate.variant))).toEqual(new Set(['mixed']));
    expect(judged.map((gate) => [gate.name, gate.met])).toEqual([
      ['maxTop1Drop', false],
      ['maxWorstGroupDrop', true],
      ['maxLatencyMs', true],
    ]);
  });

  it('puts each judgement into the column that it is about', () => {
    expect(gateOfCell(judged, 'mixed', 'difference')).toMatchObject({ name: 'maxTop1Drop', value: 1.5, met: false });
    expect(gateOfCell(judged, 'mixed', 'worstGroup')).toMatchObject({ group: 'night', value: 3 });
    expect(gateOfCell(judged, 'mixed', 'top1')).toBeUndefined();
    expect(gateOfCell(judged, 'fp32', 'latency')).toBeUndefined();
    expect(gateOfColumn(judged, 'latency')).toMatchObject({ limit: 0.15 });
  });

  it('sums up what a variant misses', () => {
    expect(verdictOf(judged, 'mixed')).toMatchObject({ kind: 'missed', missed: [{ name: 'maxTop1Drop' }] });
    expect(verdictOf(judgeAll(RECORD, { ...GATES, maxTop1Drop: 2 }), 'mixed').kind).toBe('ready');
    expect(verdictOf([], 'mixed').kind).toBe('open');
  });

  it('counts a gate without a value as neither met nor missed', () => {
    const untimed = {
      ...RECORD,
      table: RECORD.table.map((row): TableRow => ({
        variant: row.variant,
        backend: row.backend,
        top1: row.top1 ?? 0,
        measure: { name: 'top-1', value: row.top1 ?? 0, higherIsBetter: true },
        groupMeasure: row.groupMeasure ?? {},
      })),
    };
    expect(verdictOf(judgeAll(untimed, { ...GATES, maxTop1Drop: 2 }), 'mixed')).toMatchObject({
      kind: 'unjudged',
      missed: [],
      unjudged: [{ name: 'maxLatencyMs', reasonCode: 'no-benchmark', met: false }],
    });
    expect(verdictOf(judgeAll(untimed, GATES), 'mixed')).toMatchObject({
      kind: 'missed',
      missed: [{ name: 'maxTop1Drop' }],
      unjudged: [{ name: 'maxLatencyMs' }],
    });
  });
});

describe('gates of a run', () => {
  it('are read back from its judgements', () => {
    const record = { ...RECORD, gates: judgeAll(RECORD, GATES) };
    expect(gatesOfRun(record)).toEqual(GATES);
    expect(areGatesEqual(gatesOfRun(record), { ...GATES, minTop1: 90 })).toBe(false);
  });

  it('are none when nothing was judged', () => {
    expect(hasGates(gatesOfRun(RECORD))).toBe(false);
    expect(hasGates(GATES)).toBe(true);
  });
});

describe('gateLimit', () => {
  it('has sign and unit', () => {
    expect(gateLimit({ name: 'maxTop1Drop', limit: 0.5 })).toBe('≤ 0.50 pp');
    expect(gateLimit({ name: 'minTop1', limit: 95 })).toBe('≥ 95.00 %');
    expect(gateLimit({ name: 'maxLatencyMs', limit: 0.2 })).toBe('≤ 0.200 ms');
  });
});
