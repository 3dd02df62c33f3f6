import type { Predictions, ValidationImages, VariantReport } from '../../../src-shared/domain/runs/accuracy';
import { buildVariantReport } from '../../../src-shared/domain/runs/accuracy-report';
import { evaluateGates } from '../../../src-shared/domain/runs/gates';
import { summarizeLatency } from '../../../src-shared/domain/runs/latency';
import { createRandom, type Random } from '../../../src-shared/domain/random';
import type { BenchmarkRecord, RunRecord } from '../../../src-shared/domain/runs/run-record';
import { buildTable } from '../../../src-shared/domain/runs/run-table';
import type { ReportHistogram } from '../../../src-main/runs/report/input';

/** A made-up run of a plate reader that fails at night in INT8: the shape of real records, with invented numbers. */
const CLASS_NAMES = Array.from('0123456789ABCDEFGHJKLMNPRSTUVWXYZ');
const IMAGES_PER_GROUP = 990;
const VARIANTS = [
  { variant: 'fp32', dayError: 0.001, nightError: 0.058, medianMs: 2.31, sizeMb: 0.62 },
  { variant: 'int8-minmax', dayError: 0.002, nightError: 0.069, medianMs: 1.12, sizeMb: 0.19 },
  { variant: 'int8-entropy', dayError: 0.004, nightError: 0.333, medianMs: 1.11, sizeMb: 0.19 },
  { variant: 'mixed', dayError: 0.001, nightError: 0.06, medianMs: 1.25, sizeMb: 0.24 },
] as const;

function validationImages(): ValidationImages {
  const count = IMAGES_PER_GROUP * 2;
  const groups = Array.from({ length: count }, (_, index) => (index < IMAGES_PER_GROUP ? 'day' : 'night'));
  return {
    files: groups.map((group, index) => `${group}/plate-${String(index).padStart(4, '0')}.png`),
    labels: Int32Array.from({ length: count }, (_, index) => index % CLASS_NAMES.length),
    groups,
    classNames: CLASS_NAMES,
  };
}

/** Errors nest: an image that fails at a low error rate also fails at a higher one, so that variants are paired. */
function predict(images: ValidationImages, dayError: number, nightError: number): Predictions {
  const random = createRandom(7);
  const top1 = images.labels.map((label, index) => {
    const luck = random.nextUnit();
    const shift = 1 + (random.nextUint32() % 3);
    return luck < (images.groups[index] === 'day' ? dayError : nightError)
      ? (label + shift) % CLASS_NAMES.length
      : label;
  });
  const scores = Float32Array.from(top1, () => 0.3 + 0.7 * random.nextUnit());
  return { top1, scores };
}

function sampleReports(): readonly VariantReport[] {
  const images = validationImages();
  const [reference] = VARIANTS;
  const fp32 = predict(images, reference.dayError, reference.nightError);
  const all = VARIANTS.map((entry) => ({
    ...entry,
    predictions: entry === reference ? fp32 : predict(images, entry.dayError, entry.nightError),
  }));
  return all.map(({ variant, predictions }, index) =>
    buildVariantReport({
      variant,
      backend: 'ort-cpu',
      images,
      predictions,
      fp32,
      ...(index === 0
        ? {}
        : { outputSqnrDb: 31.4 - 6 * index, outputs: [{ name: 'logits', sqnrDb: 31.4 - 6 * index, cosine: 0.9991 }] }),
    }),
  );
}

function sampleBenchmark(): BenchmarkRecord {
  const random = createRandom(11);
  return {
    backend: 'ort-cpu',
    device: 'Example CPU, 8 cores',
    threads: 4,
    rounds: 20,
    variants: VARIANTS.map(({ variant, medianMs, sizeMb }, index) => {
      const latencyMs = summarizeLatency(
        Array.from({ length: 400 }, () => medianMs * (1 + 0.1 * random.nextUnit() ** (index === 3 ? 1 : 8))),
      );
      const ratio = medianMs / VARIANTS[0].medianMs;
      return {
        variant,
        batch: 1,
        streams: 1,
        latencyMs,
        throughputPerSecond: 1000 / latencyMs.mean,
        memoryMb: 12.5 - index,
        sizeMb,
        coefficientOfVariation: latencyMs.coefficientOfVariation,
        ...(variant === 'fp32' ? {} : { ratioToFp32: { median: ratio, p10: ratio * 0.98, p90: ratio * 1.03 } }),
      };
    }),
  };
}

export function sampleRecord(changes: Partial<RunRecord> = {}): RunRecord {
  const validation = {
    images: IMAGES_PER_GROUP * 2,
    labelled: true,
    classCount: CLASS_NAMES.length,
    classNames: CLASS_NAMES,
    variants: sampleReports(),
  };
  const benchmark = sampleBenchmark();
  const table = buildTable({ validation, benchmark });
  const shipped = ['int8-entropy'];
  return {
    version: 4,
    runId: '20261121T070812345Z-a1b2c3',
    createdAt: '2026-11-21T07:08:12.345Z',
    project: 'plate_chars',
    tool: { version: '0.1.0', node: '20.20.0', onnxruntime: '1.30.0' },
    machine: { cpu: 'Example CPU', cores: 8, memoryBytes: 33_554_432_000, os: 'linux 6.1 x64' },
    model: { path: 'models/plate_chars.onnx', sha256: 'ab'.repeat(32) },
    sets: {
      calibration: { root: 'plates/calibration', manifestSha256: 'cd'.repeat(32), images: 400 },
      validation: { root: 'plates/validation', manifestSha256: 'ef'.repeat(32), images: IMAGES_PER_GROUP * 2 },
    },
    preprocessing: {
      resize: { kind: 'stretch', width: 64, height: 64 },
      crop: null,
      order: 'rgb',
      scale: 1 / 255,
      mean: [0],
      std: [1],
      layout: 'nchw',
    },
    options: {
      target: 'tensorrt',
      backend: 'ort-cpu',
      method: 'entropy',
      percentile: 99.99,
      tensorMethods: {},
      manualThresholds: {},
      plan: { layers: {} },
      threads: 4,
      other: { limit: 1980 },
    },
    calibration: { images: 400, tensors: 31, sha256: '12'.repeat(32), seconds: 10.4 },
    table,
    shipped,
    validation,
    benchmark,
    gates: evaluateGates({ maxTop1Drop: 0.5, maxWorstGroupDrop: 1, minTop1: null, maxLatencyMs: 2 }, table, shipped),
    warnings: [{ code: 'few-classes', message: 'Night images are clipped in 6 tensors.' }],
    ...changes,
  };
}

/** Counts of |x| of a Laplace-like activation with a tail that only night images reach. */
export function sampleHistogram(index: number): ReportHistogram {
  const random = createRandom(index + 1);
  const binWidthReal = 2 ** (2 + (index % 5)) / 4096;
  const used = 2300 + Math.floor(1700 * random.nextUnit());
  const amaxReal = (used - 0.5) * binWidthReal;
  const day = tail(used, 0.12, 4e5, random);
  const night = tail(used, 0.3, 2e4, random);
  const folded = day.map((count, bin) => count + (night[bin] ?? 0));
  const at = (share: number, sqnrDb: number, clippedFraction: number) => ({
    thresholdReal: share * amaxReal,
    sqnrDb,
    clippedFraction,
  });
  const entropy = at(0.34 + 0.02 * (index % 7), 14 + index * 1.3, 0.021);
  return {
    name: index === 0 ? '/features/f.8/Relu_output_0 <b>&"' : `/features/f.${index}/conv/Relu_output_0`,
    folded,
    binWidthReal,
    amaxReal,
    zeroCount: 1_230_000 + index,
    methods: {
      minmax: at(1, 30.1, 0),
      entropy,
      percentile: at(0.62, 33.2, 0.0001),
      mse: at(0.6, 33.9, 0.00014),
      'entropy-tensorrt': at(0.345, 13.2, 0.023),
    },
    method: 'entropy',
    chosen: entropy,
    groups: [
      { name: 'day', folded: day },
      { name: 'night', folded: night },
    ],
  };
}

function tail(used: number, spread: number, peak: number, random: Random): Float64Array {
  const counts = new Float64Array(4096);
  for (let bin = 0; bin < used; bin += 1)
    counts[bin] = Math.floor(peak * Math.exp(-bin / (spread * used)) * (0.8 + 0.4 * random.nextUnit()));
  return counts;
}

export function sampleHistograms(count: number): readonly ReportHistogram[] {
  return Array.from({ length: count }, (_, index) => sampleHistogram(index));
}
