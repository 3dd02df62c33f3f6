import {
  boolean,
  type InferOutput,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  partial,
  string,
  yes,
} from '../../base/schema';
import { BACKENDS, TARGETS } from '../project/precision';
import { REFERENCE_VARIANT } from '../runs/run-table';
import { GATE_STATES, type RunRecord, type TableRow } from '../runs/run-record';
import type { RunDetails } from '../runs/run-details';

export const METRIC_NAMES = [
  'measure',
  'drop',
  'worstGroupDrop',
  'agreement',
  'outputSqnrDb',
  'latencyMs',
  'p99LatencyMs',
  'gain',
  'throughputPerSecond',
  'memoryMb',
  'sizeMb',
  'buildSeconds',
  'int8Time',
  'thresholdLog2',
  'drift',
] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

const valuesSchema = object({
  measure: optional(number),
  drop: optional(number),
  worstGroupDrop: optional(number),
  agreement: optional(number),
  outputSqnrDb: optional(number),
  latencyMs: optional(number),
  p99LatencyMs: optional(number),
  gain: optional(number),
  throughputPerSecond: optional(number),
  memoryMb: optional(number),
  sizeMb: optional(number),
  buildSeconds: optional(number),
  int8Time: optional(number),
  thresholdLog2: optional(number),
  drift: optional(number),
});
export type MetricValues = InferOutput<typeof valuesSchema>;

export const historyEntrySchema = object({
  runId: string,
  /** ISO 8601, UTC. */
  createdAt: string,
  project: string,
  branch: optional(string),
  commit: optional(string),
  /** The GPU, or the processor with its cores and the threads that were used. */
  hardware: string,
  /** Versions of everything that builds and runs the engines: `calib 0.1.0, ONNX Runtime 1.24.0`. */
  software: string,
  backend: oneOf(...BACKENDS),
  target: oneOf(...TARGETS),
  model: string,
  calibrationSet: string,
  validationSet: nullable(string),
  /** Hash of what decides the results; omitted in runs of older versions. */
  inputs: optional(string),
  /** Hash of the histograms. */
  calibration: string,
  method: string,
  /** The variant meant for deployment; the values are those of it. */
  variant: nullable(string),
  measureName: optional(string),
  /** Of the measure. */
  higherIsBetter: optional(boolean),
  values: valuesSchema,
  gates: list(object({ name: string, state: oneOf(...GATE_STATES), value: nullable(number), limit: nullable(number) })),
  warnings: list(string),
});
/** One recorded run in short: what lists, trends and comparisons over thousands of runs need. */
export type HistoryEntry = InferOutput<typeof historyEntrySchema>;

/** The hardware that the costs of a run depend on. */
export function hardwareOf({ machine, options, benchmark }: RunRecord): string {
  if (options.backend !== 'ort-cpu') return machine.gpu ?? benchmark?.device ?? machine.cpu;
  return `${machine.cpu}, ${machine.cores} cores, ${options.threads} threads`;
}

export function softwareOf({ tool, benchmark }: RunRecord): string {
  const gpu = benchmark?.gpu;
  return [
    `calib ${tool.version}`,
    `ONNX Runtime ${tool.onnxruntime}`,
    ...(gpu === undefined ? [] : [`TensorRT ${gpu.tensorrt}`]),
    ...(gpu?.driver === undefined || gpu.driver === null ? [] : [`driver ${gpu.driver}`]),
  ].join(', ');
}

/** @param details null in runs of older versions. */
export function historyEntry(record: RunRecord, details: RunDetails | null): HistoryEntry {
  const [variant = null] = record.shipped;
  const row = record.table.find((candidate) => candidate.variant === variant);
  const fp32 = record.table.find((candidate) => candidate.variant === REFERENCE_VARIANT);
  const { sets, model, options, source, inputsSha256 } = record;
  return {
    runId: record.runId,
    createdAt: record.createdAt,
    project: record.project,
    ...(source?.branch === undefined ? {} : { branch: source.branch }),
    ...(source?.commit === undefined ? {} : { commit: source.commit }),
    hardware: hardwareOf(record),
    software: softwareOf(record),
    backend: options.backend,
    target: options.target,
    model: model.sha256,
    calibrationSet: sets.calibration.manifestSha256,
    validationSet: sets.validation?.manifestSha256 ?? null,
    ...(inputsSha256 === undefined ? {} : { inputs: inputsSha256 }),
    calibration: record.calibration.sha256,
    method: options.chosenMethod ?? options.method,
    variant,
    ...(row?.measure === undefined
      ? {}
      : { measureName: row.measure.name, higherIsBetter: row.measure.higherIsBetter }),
    values: present({
      ...(row === undefined ? {} : valuesOf(row, fp32)),
      thresholdLog2: details === null ? undefined : meanLog2(Object.values(details.thresholds)),
      drift: record.drift?.value,
    }),
    gates: record.gates.map(({ name, state, value, limit }) => ({ name, state, value, limit })),
    warnings: [...new Set(record.warnings.map(({ code }) => code))],
  };
}

function valuesOf(row: TableRow, fp32: TableRow | undefined): Partial<Record<MetricName, number | undefined>> {
  const { measure, groupMeasure = {}, latency, ratioToFp32 } = row;
  const sign = measure?.higherIsBetter === false ? -1 : 1;
  const reference = new Map(Object.entries(fp32?.groupMeasure ?? {}));
  const groupDrops = Object.entries(groupMeasure).flatMap(([group, value]) => {
    const own = reference.get(group);
    return own === undefined ? [] : [sign * (own - value)];
  });
  return {
    measure: measure?.value,
    drop: row.difference === undefined ? undefined : 0 - sign * row.difference.value,
    worstGroupDrop: groupDrops.length === 0 ? undefined : Math.max(...groupDrops),
    agreement: row.agreement,
    outputSqnrDb: row.outputSqnrDb,
    latencyMs: row.latencyMs,
    p99LatencyMs: latency?.p99,
    gain: ratioToFp32 === undefined ? undefined : 1 / ratioToFp32.median,
    throughputPerSecond: row.throughputPerSecond,
    memoryMb: row.memoryMb,
    sizeMb: row.sizeMb,
    buildSeconds: row.buildSeconds,
    int8Time: row.int8Time,
  };
}

function meanLog2(values: readonly number[]): number | undefined {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return undefined;
  return positive.reduce((sum, value) => sum + Math.log2(value), 0) / positive.length;
}

function present(values: Partial<Record<MetricName, number | undefined>>): MetricValues {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && Number.isFinite(value)),
  );
}

/** A run with what people wrote about it. */
export type MarkedEntry = HistoryEntry & { readonly marks?: RunMarks };

const markFields = {
  name: string,
  note: string,
  tags: list(string),
  /** Present (true) if the run is pinned. */
  isPinned: yes,
};
export const runMarksSchema = partial(markFields);
/** What people wrote about a run; it is stored beside the runs, because a recorded run never changes. */
export type RunMarks = InferOutput<typeof runMarksSchema>;
/** Changes of marks; null or an empty value removes one. */
export const runMarksEditSchema = partial({
  name: nullable(markFields.name),
  note: nullable(markFields.note),
  tags: nullable(markFields.tags),
  isPinned: nullable(markFields.isPinned),
});
export type RunMarksEdit = InferOutput<typeof runMarksEditSchema>;
