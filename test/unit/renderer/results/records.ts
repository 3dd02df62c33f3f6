import type { VariantReport, WorstImage } from '../../../../src-shared/domain/runs/accuracy';
import type { BenchmarkVariantRecord, RunRecord, TableRow } from '../../../../src-shared/domain/runs/run-record';

/** A run of fp32 and mixed over 594 images with the groups day and night. */
export const FP32: TableRow = {
  variant: 'fp32',
  backend: 'ort-cpu',
  latencyMs: 0.2,
  top1: 97,
  measure: { name: 'top-1', value: 97, higherIsBetter: true },
  worstGroup: { name: 'night', measure: 94, top1: 94 },
  groupMeasure: { day: 100, night: 94 },
  groupTop1: { day: 100, night: 94 },
  agreement: 100,
  sizeMb: 0.6,
};
export const MIXED: TableRow = {
  variant: 'mixed',
  backend: 'ort-cpu',
  latencyMs: 0.1,
  top1: 95.5,
  measure: { name: 'top-1', value: 95.5, higherIsBetter: true },
  difference: { value: -1.5, interval95: [-2.5, -0.5], p: 0.004 },
  worstGroup: { name: 'night', measure: 91, top1: 91 },
  groupMeasure: { day: 100, night: 91 },
  groupTop1: { day: 100, night: 91 },
  agreement: 97,
  outputSqnrDb: 19.5,
  sizeMb: 0.2,
  comparedToFp32: { top1Difference: -1.5, interval95: [-2.5, -0.5], mcnemarP: 0.004 },
};

export const RECORD: RunRecord = {
  version: 4,
  runId: 'a',
  createdAt: '2026-11-21T07:44:16.821Z',
  project: 'plates',
  tool: { version: '0.1.0', node: '20.20.2', onnxruntime: '1.30.0' },
  machine: { cpu: 'EPYC', cores: 2, memoryBytes: 8e9, os: 'Linux' },
  model: { path: '/m.onnx', sha256: 'aaaaaaaaaaaaaaaa' },
  sets: {
    calibration: { root: '/c', manifestSha256: 'bbbbbbbbbbbbbbbb', images: 198 },
    validation: { root: '/v', manifestSha256: 'cccccccccccccccc', images: 594 },
  },
  preprocessing: {
    resize: { kind: 'stretch', width: 64, height: 64 },
    crop: null,
    order: 'rgb',
    scale: 1,
    mean: [0],
    std: [1],
    layout: 'nchw',
  },
  options: {
    target: 'onnxruntime',
    backend: 'ort-cpu',
    method: 'entropy',
    percentile: 99.99,
    tensorMethods: {},
    manualThresholds: {},
    plan: { layers: {} },
    threads: 2,
    other: { activations: 'int8' },
  },
  calibration: { images: 198, tensors: 48, sha256: 'dddddddddddddddd', seconds: 1 },
  table: [FP32, MIXED],
  shipped: ['mixed'],
  validation: null,
  benchmark: null,
  gates: [],
  warnings: [],
};

export function withRow(record: RunRecord, variant: string, change: Partial<TableRow>): RunRecord {
  return { ...record, table: record.table.map((row) => (row.variant === variant ? { ...row, ...change } : row)) };
}

export function report(variant: string, change: Partial<VariantReport> = {}): VariantReport {
  return {
    variant,
    backend: 'ort-cpu',
    groups: {},
    classes: [],
    confusions: [],
    worstImages: [],
    outputs: [],
    ...change,
  };
}

export function image(file: string, change: Partial<WorstImage> = {}): WorstImage {
  return { file, label: 6, group: 'night', fp32: 6, answer: 8, ...change };
}

export function bench(
  variant: string,
  [min, median, p90, p95, p99, max]: readonly [number, number, number, number, number, number],
  ratio?: readonly [number, number, number],
): BenchmarkVariantRecord {
  return {
    variant,
    batch: 1,
    streams: 1,
    latencyMs: { mean: median, median, p90, p95, p99, min, max, coefficientOfVariation: 0.01, samples: 100 },
    throughputPerSecond: 1000 / median,
    memoryMb: 30,
    sizeMb: 0.2,
    coefficientOfVariation: 0.01,
    ...(ratio === undefined ? {} : { ratioToFp32: { p10: ratio[0], median: ratio[1], p90: ratio[2] } }),
  };
}
