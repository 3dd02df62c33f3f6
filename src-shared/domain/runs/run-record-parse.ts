import type {
  ClassAccuracy,
  ConfusionChange,
  GroupAccuracy,
  OutputQuality,
  VariantReport,
  WorstGroup,
  WorstImage,
} from './accuracy';
import {
  arrayOf,
  boolean,
  count,
  integer,
  nullable,
  number,
  objectOf,
  oneOf,
  recordOf,
  ShapeError,
  string,
  union,
  type Shape,
} from '../../base/json-shape';
import type { LatencySummary, PairedRatio } from './latency';
import { migrateRunRecord1, type JsonObject } from './run-record-migration';
import { HISTOGRAM_METHODS, METHODS } from '../project/methods';
import { BACKENDS, TARGETS } from '../project/precision';
import { decisionFields, modelShape, preprocessingShape } from '../project/project-shape';
import {
  GATE_REASONS,
  RUN_RECORD_VERSION,
  type BenchmarkRecord,
  type BenchmarkVariantRecord,
  type DeviceRecord,
  type DiagnosisRecord,
  type GpuRecord,
  type CalibrationSummary,
  type GateResult,
  type MachineRecord,
  type RunRecord,
  type RunWarning,
  type SetRecord,
  type TableRow,
  type ValidationRecord,
} from './run-record';
import type { PairedComparison } from '../statistics';

const pair: Shape<readonly [number, number]> = (value, path) => {
  const [low, high, ...rest] = arrayOf(number)(value, path);
  if (low === undefined || high === undefined || rest.length > 0) throw new ShapeError(path, 'two numbers', value);
  return [low, high];
};

const comparison = objectOf<PairedComparison>(
  { top1Difference: number, interval95: pair, mcnemarP: number },
  { fewImages: oneOf(true) },
);
const ratio = objectOf<PairedRatio>({ median: number }, { p10: number, p90: number });
const worstGroup = objectOf<WorstGroup>({ name: string, top1: number }, {});
const latency = objectOf<LatencySummary>(
  {
    mean: number,
    median: number,
    min: number,
    max: number,
    coefficientOfVariation: number,
    samples: count,
  },
  { p90: number, p95: number, p99: number },
);

const tableRow = objectOf<TableRow>(
  { variant: string, backend: oneOf(...BACKENDS) },
  {
    sameAs: string,
    latencyMs: number,
    latency,
    ratioToFp32: ratio,
    throughputPerSecond: number,
    memoryMb: number,
    sizeMb: number,
    top1: number,
    top5: number,
    worstGroup,
    groupTop1: recordOf(number),
    agreement: number,
    outputSqnrDb: number,
    outputs: arrayOf(
      objectOf<NonNullable<TableRow['outputs']>[number]>({ name: string, sqnrDb: nullable(number) }, {}),
    ),
    comparedToFp32: comparison,
  },
);

const variantReport = objectOf<VariantReport>(
  {
    variant: string,
    backend: oneOf(...BACKENDS),
    groups: recordOf(objectOf<GroupAccuracy>({ images: count }, { top1: number, agreement: number })),
    classes: arrayOf(
      objectOf<ClassAccuracy>(
        { label: count, images: count, top1: number },
        { name: string, top1Fp32: number, difference: number },
      ),
    ),
    confusions: arrayOf(objectOf<ConfusionChange>({ label: nullable(count), from: integer, to: integer, count }, {})),
    worstImages: arrayOf(
      objectOf<WorstImage>(
        { file: string, label: nullable(count), group: nullable(string), fp32: integer, answer: integer },
        { fp32Score: number, score: number },
      ),
    ),
    outputs: arrayOf(
      objectOf<OutputQuality>(
        { name: string, sqnrDb: nullable(number), cosine: nullable(number) },
        { notFinite: oneOf(true) },
      ),
    ),
  },
  { sameAs: string, top1: number, top5: number, agreement: number, outputSqnrDb: number, comparedToFp32: comparison },
);

const validation = objectOf<ValidationRecord>(
  { images: count, labelled: boolean, variants: arrayOf(variantReport) },
  { classCount: count, classNames: arrayOf(string) },
);

const gpu = objectOf<GpuRecord>(
  {
    tensorrt: string,
    driver: nullable(string),
    smClockMhz: nullable(number),
    memoryClockMhz: nullable(number),
    temperatureC: nullable(number),
    powerW: nullable(number),
    throttleReasons: arrayOf(string),
  },
  {},
);

const benchmark = objectOf<BenchmarkRecord>(
  {
    backend: oneOf(...BACKENDS),
    device: string,
    threads: count,
    rounds: count,
    variants: arrayOf(
      objectOf<BenchmarkVariantRecord>(
        {
          variant: string,
          batch: count,
          streams: count,
          latencyMs: latency,
          throughputPerSecond: number,
          sizeMb: number,
          coefficientOfVariation: number,
        },
        {
          memoryMb: number,
          ratioToFp32: ratio,
          sameAs: string,
          device: objectOf<DeviceRecord>({ index: count, name: string }, {}),
        },
      ),
    ),
  },
  { gpu },
);

const imageSet = objectOf<SetRecord>({ root: string, manifestSha256: string, images: count }, {});

const runRecord = objectOf<RunRecord>(
  {
    version: oneOf(RUN_RECORD_VERSION),
    runId: string,
    createdAt: string,
    project: string,
    tool: objectOf<RunRecord['tool']>({ version: string, node: string, onnxruntime: string }, {}),
    machine: objectOf<MachineRecord>({ cpu: string, cores: count, memoryBytes: count, os: string }, { gpu: string }),
    model: modelShape,
    sets: objectOf<RunRecord['sets']>({ calibration: imageSet, validation: nullable(imageSet) }, {}),
    preprocessing: preprocessingShape,
    options: objectOf<RunRecord['options']>(
      {
        target: oneOf(...TARGETS),
        backend: oneOf(...BACKENDS),
        method: oneOf(...METHODS),
        threads: count,
        percentile: decisionFields.percentile,
        tensorMethods: decisionFields.tensorMethods,
        manualThresholds: decisionFields.manualThresholds,
        plan: decisionFields.plan,
        other: recordOf(union<string | number | boolean>(string, number, boolean)),
      },
      { chosenMethod: oneOf(...HISTOGRAM_METHODS) },
    ),
    calibration: objectOf<CalibrationSummary>({ images: count, tensors: count, sha256: string, seconds: number }, {}),
    table: arrayOf(tableRow),
    shipped: arrayOf(string),
    validation: nullable(validation),
    benchmark: nullable(benchmark),
    gates: arrayOf(
      objectOf<GateResult>(
        { name: string, limit: number, value: nullable(number), met: boolean, variant: string },
        { group: string, reason: string, reasonCode: oneOf(...GATE_REASONS) },
      ),
    ),
    warnings: arrayOf(objectOf<RunWarning>({ code: string, message: string }, {})),
  },
  {
    search: string,
    diagnoses: arrayOf(
      objectOf<DiagnosisRecord>({ variant: string, title: string, summary: string, actions: arrayOf(string) }, {}),
    ),
  },
);

/** Steps from an older version to the next one, by the version they start from. Version 1 is the first. */
const MIGRATIONS: Readonly<Record<number, (record: JsonObject) => JsonObject>> = { 1: migrateRunRecord1 };

export type ParsedRunRecord =
  | { readonly state: 'ok'; readonly record: RunRecord }
  /** `problem` completes the sentence "FILE: ...". */
  | { readonly state: 'invalid'; readonly problem: string }
  | { readonly state: 'newer'; readonly version: number };

/** Reads parsed JSON as a run record of this version or an older one. */
export function parseRunRecord(json: unknown): ParsedRunRecord {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { state: 'invalid', problem: 'expected a JSON object' };
  let current: JsonObject = { ...json };
  let version = current['version'];
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    return {
      state: 'invalid',
      problem: `expected a version of at least 1, found ${JSON.stringify(version) ?? 'none'}`,
    };
  }
  if (version > RUN_RECORD_VERSION) return { state: 'newer', version };
  for (; version < RUN_RECORD_VERSION; version += 1) {
    const migrate = MIGRATIONS[version];
    if (migrate === undefined) return { state: 'invalid', problem: `version ${version} can no longer be read` };
    current = { ...migrate(current), version: version + 1 };
  }
  try {
    return { state: 'ok', record: runRecord(current, '') };
  } catch (error) {
    if (error instanceof ShapeError) return { state: 'invalid', problem: error.message };
    throw error;
  }
}
