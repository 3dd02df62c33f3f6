import { describe, expect, it } from 'vitest';
import {
  accuracyObstacles,
  latencyObstacles,
  referenceDrift,
  settingChanges,
  tableChanges,
} from '../../../../src-renderer/features/results/run-diff';
import type { RunRecord } from '../../../../src-shared/domain/runs/run-record';
import { MIXED, RECORD, withRow } from './records';

function cells(from: RunRecord, to: RunRecord, variant = 'mixed') {
  return tableChanges(from, to).find((row) => row.variant === variant)?.cells;
}

describe('settingChanges', () => {
  it('finds none between a run and itself', () => {
    expect(settingChanges(RECORD, RECORD)).toEqual([]);
  });

  it('names what differs, and flags that only one run has', () => {
    const to: RunRecord = {
      ...RECORD,
      options: { ...RECORD.options, method: 'minmax', other: { activations: 'int8', limit: 100 } },
    };
    expect(settingChanges(RECORD, to)).toEqual([
      { key: 'method', isFlag: false, kind: 'setting', from: 'entropy', to: 'minmax' },
      { key: 'limit', isFlag: true, kind: 'setting', from: '–', to: '100' },
    ]);
  });

  it('names thresholds and layers that were decided one by one', () => {
    const options = {
      ...RECORD.options,
      tensorMethods: { r1: 'manual', r0: 'mse' } as const,
      manualThresholds: { r1: 1.5 },
      plan: { layers: { head: 'fp16' } } as const,
    };
    expect(settingChanges(RECORD, { ...RECORD, options })).toEqual([
      { key: 'tensors', isFlag: false, kind: 'setting', from: '–', to: 'r0 mse, r1 1.50' },
      { key: 'plan', isFlag: false, kind: 'setting', from: '–', to: 'head fp16' },
    ]);
  });

  it('sees another preprocessing and another set by its hash', () => {
    const validation = { root: '/v', manifestSha256: 'eeeeeeeeeeeeeeee', images: 594 };
    const to: RunRecord = {
      ...RECORD,
      preprocessing: { ...RECORD.preprocessing, mean: [0.5] },
      sets: { ...RECORD.sets, validation },
    };
    const changes = settingChanges(RECORD, to);
    expect(changes.map(({ key }) => key)).toEqual(['validationSet', 'preprocessing']);
    expect(accuracyObstacles(changes).map(({ key }) => key)).toEqual(['validationSet']);
    expect(latencyObstacles(changes)).toEqual([]);
  });
});

describe('tableChanges', () => {
  it('judges by whether more or less is better', () => {
    const to = withRow(RECORD, 'mixed', { top1: 96.5, latencyMs: 0.12, sizeMb: 0.1 });
    const found = cells(RECORD, to);
    expect(found?.top1).toEqual({ kind: 'better', from: 95.5, to: 96.5 });
    expect(found?.latency).toEqual({ kind: 'worse', from: 0.1, to: 0.12 });
    expect(found?.size.kind).toBe('better');
    expect(found?.agreement).toEqual({ kind: 'same', to: 97 });
    expect(found?.memory.kind).toBe('absent');
  });

  it('takes a larger loss against FP32 as worse', () => {
    const to = withRow(RECORD, 'mixed', {
      difference: { value: -3, interval95: [-4, -2] },
    });
    expect(cells(RECORD, to)?.difference.kind).toBe('worse');
  });

  it('does not compare latency between machines, but accuracy and size', () => {
    const other = withRow({ ...RECORD, machine: { ...RECORD.machine, cpu: 'Xeon' } }, 'mixed', {
      latencyMs: 0.05,
      top1: 96,
      sizeMb: 0.1,
    });
    expect(latencyObstacles(settingChanges(RECORD, other)).map(({ key }) => key)).toEqual(['cpu']);
    const found = cells(RECORD, other);
    expect(found?.latency.kind).toBe('not-compared');
    expect(found?.top1.kind).toBe('better');
    expect(found?.size.kind).toBe('better');
  });

  it('gives no verdict on latency when FP32 itself moved by more than 5 %', () => {
    const to = withRow(withRow(RECORD, 'fp32', { latencyMs: 0.22 }), 'mixed', { latencyMs: 0.08 });
    expect(referenceDrift(RECORD, to)).toEqual({ from: 0.2, to: 0.22 });
    expect(cells(RECORD, to)?.latency).toEqual({ kind: 'changed', from: 0.1, to: 0.08 });
    const steady = withRow(withRow(RECORD, 'fp32', { latencyMs: 0.208 }), 'mixed', { latencyMs: 0.08 });
    expect(referenceDrift(RECORD, steady)).toBeNull();
    expect(cells(RECORD, steady)?.latency.kind).toBe('better');
  });

  it('tells variants that only one run has, removed ones last', () => {
    const to: RunRecord = {
      ...RECORD,
      table: [...RECORD.table.filter((row) => row.variant !== 'mixed'), { ...MIXED, variant: 'int8' }],
    };
    expect(tableChanges(RECORD, to).map(({ variant, presence }) => `${variant} ${presence}`)).toEqual([
      'fp32 both',
      'int8 added',
      'mixed removed',
    ]);
    expect(cells(RECORD, to, 'int8')?.top1.kind).toBe('gained');
    expect(cells(RECORD, to, 'mixed')?.top1.kind).toBe('lost');
  });
});
