import { describe, expect, expectTypeOf, it } from 'vitest';
import type { BenchResult, ValidateResult } from '../../../src-shared/contract/jobs';
import type { BenchmarkRecord, ValidationRecord } from '../../../src-shared/domain/run-record';
import { parseRunRecord } from '../../../src-shared/domain/run-record-parse';
import { sampleRecord } from '../runs/sample-run';

const stored = (): Record<string, unknown> => JSON.parse(JSON.stringify(sampleRecord())) as Record<string, unknown>;

describe('parseRunRecord', () => {
  it('gives back what was written, all fields of it', () => {
    expect(parseRunRecord(stored())).toEqual({ state: 'ok', record: sampleRecord() });
  });

  it.each(['none', 'short', 'letterbox'] as const)('reads preprocessing with resize %s', (kind) => {
    const resize = { none: { kind: 'none' }, short: { kind: 'short', shortSide: 256 }, letterbox: { kind: 'letterbox', width: 4, height: 5, pad: 114 } } as const;
    const record = sampleRecord();
    const changed = { ...record, preprocessing: { ...record.preprocessing, resize: resize[kind], crop: { width: 2, height: 3 } } };
    expect(parseRunRecord(JSON.parse(JSON.stringify(changed)))).toEqual({ state: 'ok', record: changed });
  });

  it('drops fields it does not know', () => {
    const parsed = parseRunRecord({ ...stored(), extra: 1 });
    expect(parsed.state === 'ok' && 'extra' in parsed.record).toBe(false);
  });

  it.each<[string, (record: Record<string, unknown>) => void, string]>([
    ['a missing field', (record) => delete record['project'], 'expected a string at project, found nothing'],
    ['a wrong type deep inside', (record) => (record['table'] = [{ variant: 'int8', backend: 'cpu' }]), 'at table[0].backend, found "cpu"'],
    ['a wrong optional field', (record) => (record['table'] = [{ variant: 'int8', backend: 'ort-cpu', top1: '97' }]), 'expected a number at table[0].top1, found "97"'],
    ['null where a number belongs', (record) => (record['gates'] = [{ name: 'x', limit: null }]), 'expected a number at gates[0].limit, found null'],
    ['a fraction for a count', (record) => (record['calibration'] = { images: 1.5 }), 'expected an integer of at least 0 at calibration.images, found 1.5'],
    ['no version', (record) => delete record['version'], 'expected a version of at least 1, found none'],
  ])('names the place of %s', (_, damage, problem) => {
    const record = stored();
    damage(record);
    const parsed = parseRunRecord(record);
    expect(parsed.state === 'invalid' && parsed.problem).toContain(problem);
  });

  it.each([null, [], 'text', 3])('refuses %j', (json) => {
    expect(parseRunRecord(json)).toEqual({ state: 'invalid', problem: 'expected a JSON object' });
  });

  it('says when a record is newer', () => {
    expect(parseRunRecord({ ...stored(), version: 2 })).toEqual({ state: 'newer', version: 2 });
  });
});

describe('the record', () => {
  it('takes the results of jobs as they are', () => {
    expectTypeOf<ValidateResult>().toExtend<ValidationRecord>();
    expectTypeOf<BenchResult>().toExtend<BenchmarkRecord>();
  });
});
