import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  parseEngineRecord,
  readEngineLayers,
  readEngineRecord,
  writeEngineRecord,
  type TensorrtEngineRecord,
} from '../../../../src-main/app/variants/engine-record';
import { SchemaError } from '../../../../src-shared/base/schema';
import { DEFAULT_TENSORRT_OPTIONS } from '../../../../src-shared/domain/engines/tensorrt-options';

const SHA256 = 'ab'.repeat(32);

/** engine.json as it was written for models of ONNX Runtime until version 5. */
const ONNX_V2 = {
  version: 2,
  backend: 'ort-cpu',
  target: 'onnxruntime',
  variant: 'int8-minmax',
  sizeBytes: 1234,
  hasFp16: true,
  sha256: SHA256,
  createdAt: '2026-01-01T00:00:00.000Z',
};

/** engine.json as it was written for TensorRT until version 5; `constructor` is the name of a layer. */
const TENSORRT_V4 = {
  version: 4,
  backend: 'tensorrt',
  variant: 'mixed',
  recipe: '0123456789abcdef',
  asked: { conv0: 'int8', constructor: 'fp16' },
  tensorrt: '10.6.0',
  gpu: 'NVIDIA H200 9.0',
  options: { ...DEFAULT_TENSORRT_OPTIONS, batches: [1, 4] },
  sha256: SHA256,
  sizeBytes: 1234,
  seconds: 2.5,
  log: ['warning: example'],
  summary: { layers: { int8: 3, fp16: 2, fp32: 1, other: 0 }, reformats: 1, totalMs: 0.2, reformatMs: null },
  createdAt: '2026-01-01T00:00:00.000Z',
};

describe('the record of an engine', () => {
  let dir = '';
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'record-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('converts both earlier kinds of record', () => {
    expect(parseEngineRecord(ONNX_V2)).toEqual({ ...ONNX_V2, version: 5 });
    expect(parseEngineRecord(TENSORRT_V4)).toEqual({ ...TENSORRT_V4, version: 5, target: 'tensorrt' });
  });

  it('refuses what is damaged or unknown', () => {
    const records: unknown[] = [
      null,
      [],
      { ...ONNX_V2, version: 6 },
      { ...ONNX_V2, version: 4 },
      { ...TENSORRT_V4, version: 2 },
      { ...ONNX_V2, sha256: '../../elsewhere' },
      { ...ONNX_V2, sizeBytes: '1234' },
      { ...TENSORRT_V4, asked: { conv0: 'int4' } },
      { ...TENSORRT_V4, options: { ...DEFAULT_TENSORRT_OPTIONS, typing: 'weak' } },
    ];
    for (const record of records) expect(() => parseEngineRecord(record)).toThrow(SchemaError);
  });

  it('is read again as it was written, but only beside its engine', async () => {
    const record = parseEngineRecord(TENSORRT_V4) as TensorrtEngineRecord;
    mkdirSync(dir, { recursive: true });
    await writeEngineRecord(dir, record);
    expect(readEngineRecord(dir)).toBeNull();
    writeFileSync(join(dir, 'model.engine'), '');
    expect(readEngineRecord(dir)).toEqual(record);
  });

  it('has layers beside it, unless their file is damaged', () => {
    expect(readEngineLayers(dir)).toBeNull();
    writeFileSync(join(dir, 'layers.json'), '[{"name":"conv0"}]');
    expect(readEngineLayers(dir)).toBeNull();
    const layer = {
      name: 'conv0',
      kind: 'CaskConvolution',
      onnxLayers: ['conv0'],
      type: 'int8',
      outputType: 'fp16',
      isReformat: false,
      tactic: '',
      inputs: ['a'],
      outputs: ['b'],
      medianMs: null,
    };
    writeFileSync(join(dir, 'layers.json'), JSON.stringify([layer]));
    expect(readEngineLayers(dir)).toEqual([layer]);
  });
});
