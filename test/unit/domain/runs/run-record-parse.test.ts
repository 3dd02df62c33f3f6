import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { BenchResult, ValidateResult } from '../../../../src-shared/contract/job-results';
import type { BenchmarkRecord, RunRecord, ValidationRecord } from '../../../../src-shared/domain/runs/run-record';
import { parseRunRecord } from '../../../../src-shared/domain/runs/run-record-parse';
import { sampleRecord } from '../../runs/sample-run';

const stored = (): Record<string, unknown> => JSON.parse(JSON.stringify(sampleRecord())) as Record<string, unknown>;

describe('parseRunRecord', () => {
  it('gives back what was written, all fields of it', () => {
    expect(parseRunRecord(stored())).toEqual({ state: 'ok', record: sampleRecord() });
  });

  it.each(['none', 'short', 'letterbox'] as const)('reads preprocessing with resize %s', (kind) => {
    const resize = {
      none: { kind: 'none' },
      short: { kind: 'short', shortSide: 256 },
      letterbox: { kind: 'letterbox', width: 4, height: 5, pad: 114 },
    } as const;
    const record = sampleRecord();
    const changed = {
      ...record,
      preprocessing: { ...record.preprocessing, resize: resize[kind], crop: { width: 2, height: 3 } },
    };
    expect(parseRunRecord(JSON.parse(JSON.stringify(changed)))).toEqual({ state: 'ok', record: changed });
  });

  it('drops fields it does not know', () => {
    const parsed = parseRunRecord({ ...stored(), extra: 1 });
    expect(parsed.state === 'ok' && 'extra' in parsed.record).toBe(false);
  });

  it.each<[string, (record: Record<string, unknown>) => void, string]>([
    ['a missing field', (record) => delete record['project'], 'expected a string at project, found nothing'],
    [
      'a wrong type deep inside',
      (record) => (record['table'] = [{ variant: 'int8', backend: 'cpu' }]),
      'at table[0].backend, found "cpu"',
    ],
    [
      'a wrong optional field',
      (record) => (record['table'] = [{ variant: 'int8', backend: 'ort-cpu', top1: '97' }]),
      'expected a number at table[0].top1, found "97"',
    ],
    [
      'null where a text belongs',
      (record) => (record['shipped'] = [null]),
      'expected a string at shipped[0], found null',
    ],
    [
      'a fraction for a count',
      (record) => (record['calibration'] = { images: 1.5 }),
      'expected an integer of at least 0 at calibration.images, found 1.5',
    ],
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

  it('reads a plan that names the fallback precision rest', () => {
    const record = JSON.parse(JSON.stringify(sampleRecord())) as { options: Record<string, unknown> };
    record.options['plan'] = { layers: {}, rest: 'fp32' };
    const parsed = parseRunRecord(record);
    expect(parsed.state === 'ok' && parsed.record.options.plan).toEqual({ layers: {}, fallbackPrecision: 'fp32' });
  });

  it('says when a record is newer', () => {
    expect(parseRunRecord({ ...stored(), version: 5 })).toEqual({ state: 'newer', version: 5 });
  });
});

describe('a record of version 1', () => {
  const old = (change: (record: RunRecord) => object): RunRecord => {
    const parsed = parseRunRecord(JSON.parse(JSON.stringify({ ...change(sampleRecord()), version: 1 })));
    if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed));
    return parsed.record;
  };

  it('gets the SQNR of the worst output in report and table, in place of the pooled one', () => {
    const outputs = [
      { name: 'boxes', sqnrDb: 41.4, cosine: 1 },
      { name: 'logits', sqnrDb: 27.4, cosine: 0.99 },
    ];
    const { validation, table } = old((record) => ({
      ...record,
      table: record.table.map((row) => ({ ...row, outputSqnrDb: 41 })),
      validation: record.validation && {
        ...record.validation,
        variants: record.validation.variants.map((report) => ({ ...report, outputs, outputSqnrDb: 41 })),
      },
    }));
    expect(validation?.variants.map(({ outputSqnrDb }) => outputSqnrDb)).toEqual([27.4, 27.4, 27.4, 27.4]);
    expect(table[1]).toMatchObject({
      outputSqnrDb: 27.4,
      outputs: [
        { name: 'boxes', sqnrDb: 41.4 },
        { name: 'logits', sqnrDb: 27.4 },
      ],
    });
  });

  it('loses the agreement of a detector, which counted rows, and keeps that of a classifier', () => {
    const bare = { backend: 'ort-cpu', groups: {}, classes: [], confusions: [], worstImages: [], outputs: [] };
    const detector = old((record) => ({
      ...record,
      table: [{ variant: 'fp16', backend: 'ort-cpu', agreement: 17 }],
      validation: {
        images: 4,
        labelled: false,
        variants: [
          { ...bare, variant: 'fp32', agreement: 100 },
          { ...bare, variant: 'fp16', agreement: 17 },
        ],
      },
    }));
    expect(detector.table[0]).not.toHaveProperty('agreement');
    expect(detector.validation).toMatchObject({ classCount: 0 });
    expect(detector.validation?.variants.every((report) => report.agreement === undefined)).toBe(true);
    expect(old((record) => record).table[1]?.agreement).toBe(sampleRecord().table[1]?.agreement);
  });

  it('loses percentiles of too few samples', () => {
    const kept = { mean: 2, median: 2, p90: 3, min: 1, max: 3, coefficientOfVariation: 0.1, samples: 19 };
    const latency = { ...kept, p95: 3, p99: 3 };
    const ratioToFp32 = { median: 0.5, p10: 0.5, p90: 0.5 };
    const { table, benchmark } = old((record) => ({
      ...record,
      table: [{ variant: 'int8', backend: 'ort-cpu', latency, ratioToFp32 }],
      benchmark: record.benchmark && {
        ...record.benchmark,
        rounds: 5,
        variants: record.benchmark.variants.slice(0, 1).map((entry) => ({ ...entry, latencyMs: latency, ratioToFp32 })),
      },
    }));
    expect(table[0]).toMatchObject({ latency: kept, ratioToFp32: { median: 0.5 } });
    expect(table[0]?.latency).toEqual(kept);
    expect(benchmark?.variants[0]?.latencyMs).toEqual(kept);
    expect(benchmark?.variants[0]?.ratioToFp32).toEqual({ median: 0.5 });
  });
});

describe('a record of version 2', () => {
  it('is judged by the measures that it knew: top-1, else agreement', () => {
    const path = join(import.meta.dirname, '../../../fixtures/runs/version-2.json');
    const parsed = parseRunRecord(JSON.parse(readFileSync(path, 'utf8')));
    if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed));
    const { table, validation } = parsed.record;
    expect(table[1]).toMatchObject({
      variant: 'int8-minmax',
      measure: { name: 'top-1', value: 96.55, higherIsBetter: true },
      difference: { value: -0.5, interval95: [-1, 0.1], p: 0.09 },
      worstGroup: { name: 'night', measure: 93.3, top1: 93.3 },
      groupMeasure: { day: 99.8, night: 93.3 },
    });
    expect(validation?.variants[0]?.groups).toMatchObject({ night: { top1: 93.3, measure: 93.3 } });
    expect(validation?.variants[1]).toMatchObject({
      measure: { name: 'agreement with FP32', value: 98 },
      againstFp32: true,
    });
  });
});

describe('a record of version 3', () => {
  it('knows a gate without a value as one that was not judged', () => {
    const gate = { name: 'minTop1', limit: 90, variant: 'int8' };
    const gates = [
      { ...gate, value: 91, met: true },
      { ...gate, value: 89, met: false },
      { ...gate, value: null, met: false, reason: 'no labels' },
    ];
    const parsed = parseRunRecord({ ...stored(), version: 3, gates });
    if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed));
    expect(parsed.record.gates.map(({ state }) => state)).toEqual(['met', 'missed', 'unjudged']);
  });
});

describe('the record', () => {
  it('takes the results of jobs as they are', () => {
    expectTypeOf<ValidateResult>().toExtend<ValidationRecord>();
    expectTypeOf<BenchResult>().toExtend<BenchmarkRecord>();
  });
});
