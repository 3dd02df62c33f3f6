import {
  boolean,
  count,
  either,
  type InferOutput,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  pair,
  record,
  string,
  yes,
} from '../../base/schema';
import { PROFILE_POINTS } from '../engines/shape-profiles';
import { HISTOGRAM_METHODS, METHODS } from '../project/methods';
import { BACKENDS, planSchema, TARGETS } from '../project/precision';
import { preprocessingSchema } from '../project/preprocessing';
import { modelSchema, percentileSchema, thresholdsSchema } from '../project/project';
import { measureDifferenceSchema } from '../measures/judge';
import { pairedComparisonSchema } from '../statistics';
import { measureSchema } from '../tasks/measure';
import { DETECTION_CONVENTIONS, taskSchema } from '../tasks/task';
import { variantReportSchema, worstGroupSchema } from './accuracy';
import { latencySummarySchema, pairedRatioSchema } from './latency';
import { noMeasureSchema } from './task-scores';

/**
 * Version 2: SQNR of the worst output, agreement of classifications only; percentiles of few samples are omitted.
 * Version 3: variants are judged by the measure of a task, of which top-1 is one.
 * Version 4: a gate has a state and the test behind its verdict; steps that were skipped are recorded.
 */
export const RUN_RECORD_VERSION = 4;

export const tableRowSchema = object({
  variant: string,
  backend: oneOf(...BACKENDS),
  /**
   * An earlier variant that is the same model (for example mixed, if all its layers run in INT8); all numbers are those
   * of that variant.
   */
  sameAs: optional(string),
  /** Median latency of one inference. */
  latencyMs: optional(number),
  latency: optional(latencySummarySchema),
  /** Latency relative to that of fp32, per interleaved round. */
  ratioToFp32: optional(pairedRatioSchema),
  throughputPerSecond: optional(number),
  /** 1 MB = 1,000,000 bytes. */
  memoryMb: optional(number),
  sizeMb: optional(number),
  /** Duration of the build of its engine. */
  buildSeconds: optional(number),
  /** Percent of the time of convolutions and matrix products that the engine spends in INT8. */
  int8Time: optional(number),
  /** Percent. */
  top1: optional(number),
  top5: optional(number),
  /** The number that judges the variant, with the rules that it follows. */
  measure: optional(measureSchema),
  convention: optional(oneOf(...DETECTION_CONVENTIONS)),
  /** Present (true) if the measure compares with the answers of FP32, because the images have no labels. */
  againstFp32: optional(yes),
  /** Variant minus FP32, in the unit of the measure. */
  difference: optional(measureDifferenceSchema),
  worstGroup: optional(worstGroupSchema),
  /** Group -> value of the measure. */
  groupMeasure: optional(record(number)),
  /** Group -> percent; only groups with labels. */
  groupTop1: optional(record(number)),
  /** The class that lost most against FP32, in the unit of the measure; a negative drop is a gain. */
  worstClass: optional(object({ label: count, name: optional(string), drop: number })),
  /** Percent of images with the same answer as FP32; omitted if no output is a classification. */
  agreement: optional(number),
  /** The value for the output with the largest error against FP32. */
  outputSqnrDb: optional(number),
  /** Values of all outputs; omitted for FP32. sqnrDb is null if there is no error or no signal. */
  outputs: optional(list(object({ name: string, sqnrDb: nullable(number) }))),
  comparedToFp32: optional(pairedComparisonSchema),
});
/**
 * One row of the result table of a run: the cost and the accuracy of a variant. Missing measurements are omitted, never
 * zero-filled.
 */
export type TableRow = InferOutput<typeof tableRowSchema>;

/** Reasons why a gate could not be judged. */
export const GATE_REASONS = [
  'no-set',
  'no-labels',
  'no-classification',
  'no-measure',
  'no-groups',
  'no-classes',
  'no-fp32',
  'no-benchmark',
  'no-variant',
  'few-samples',
  'no-memory',
  'no-build-time',
  'no-layer-times',
  'no-drift',
  'no-agreement',
  'no-baseline',
  'no-baseline-value',
  'other-hardware',
  'other-images',
] as const;
export type GateReason = (typeof GATE_REASONS)[number];

/**
 * The test behind a verdict. It says whether a difference is larger than chance explains:
 * - `mcnemar`: McNemar's exact test on images that only one of FP32 and the variant answers right
 * - `paired-bootstrap`: the 95 % interval of the difference from FP32, over the choice of images
 * - `wilson`: Wilson's 95 % interval of a share of images, against the limit
 * - `order-statistics`: the 95 % interval of a quantile of the timed inferences, against the limit
 * - `normal-mean`: the 95 % interval of the mean time, against the limit
 * - `drift-noise`: the part of a drift that the number of images explains
 * - `separate-intervals`: the 95 % intervals of this run and of the baseline lie apart
 * - `exact`: the value is counted, so that chance has no part in it
 * - `single`: the value was measured once; no test is possible
 */
export const GATE_TESTS = [
  'mcnemar',
  'paired-bootstrap',
  'wilson',
  'order-statistics',
  'normal-mean',
  'drift-noise',
  'separate-intervals',
  'exact',
  'single',
] as const;
export type GateTest = (typeof GATE_TESTS)[number];

export const gateStatisticsSchema = object({
  test: oneOf(...GATE_TESTS),
  p: optional(number),
  /** In the unit of the gate. */
  interval95: optional(pair(number, number)),
  /** Number of images behind the test. */
  images: optional(count),
  /** The test was made for the worst of this many groups or classes, and p multiplied by it (Bonferroni). */
  parts: optional(count),
  /**
   * Gates on drops: whether the variant differs from FP32 by more than chance; all others: whether the value differs
   * from the limit by more than chance.
   */
  isBeyondChance: boolean,
});
export type GateStatistics = InferOutput<typeof gateStatisticsSchema>;

/** `unjudged`: there is no value, so that the gate is neither met nor missed. It does not let a run pass. */
export const GATE_STATES = ['met', 'missed', 'unjudged'] as const;
export type GateState = (typeof GATE_STATES)[number];
export const refusedVariantSchema = object({
  variant: string,
  /** Stable identifier of the reason, for example `gpu`. */
  code: string,
  /** The reason as a sentence without its full stop. */
  reason: string,
});
/** A question (a format below INT8 or a pruned copy) that cannot be asked here. */
export type RefusedVariant = InferOutput<typeof refusedVariantSchema>;

export const gateResultSchema = object({
  name: string,
  /** Percent, percentage points or ms, depending on the gate; null if it needs a baseline that has no value. */
  limit: nullable(number),
  value: nullable(number),
  met: boolean,
  state: oneOf(...GATE_STATES),
  /** Omitted if there is no value, and in runs of older versions. */
  statistics: optional(gateStatisticsSchema),
  /** Present if the limit comes from another run: that run's value plus (or minus) the margin. */
  baseline: optional(
    object({
      runId: optional(string),
      value: optional(number),
      margin: number,
      isPercent: optional(yes),
    }),
  ),
  /** The shipped variant that was judged. */
  variant: string,
  /** Group with the largest drop, for the gate on groups. */
  group: optional(string),
  /** Name or index of the class with the largest drop, for the gate on classes. */
  className: optional(string),
  /** The measure that was judged, for gates on accuracy. */
  measure: optional(string),
  /** The reason why there is no value: a sentence, and its stable identifier (omitted in runs of older versions). */
  reason: optional(string),
  reasonCode: optional(oneOf(...GATE_REASONS)),
});
/** A limit and the measured value with its verdict. */
export type GateResult = InferOutput<typeof gateResultSchema>;

export const setRecordSchema = object({
  /** Folder or list file that the user named. */
  root: string,
  /** Hash of the list of files, labels and groups. */
  manifestSha256: string,
  images: count,
});
export type SetRecord = InferOutput<typeof setRecordSchema>;

export const machineRecordSchema = object({
  cpu: string,
  cores: count,
  memoryBytes: count,
  os: string,
  /** Name of the GPU that was used; omitted on CPU backends. */
  gpu: optional(string),
});
export type MachineRecord = InferOutput<typeof machineRecordSchema>;

export const runWarningSchema = object({
  code: string,
  message: string,
});
export type RunWarning = InferOutput<typeof runWarningSchema>;

export const calibrationSummarySchema = object({
  images: count,
  tensors: count,
  /** Hash of the content of the histograms. */
  sha256: string,
  seconds: number,
});
export type CalibrationSummary = InferOutput<typeof calibrationSummarySchema>;

export const validationRecordSchema = object({
  images: count,
  /** True if the images have labels of the kind that the task compares with: classes, boxes or masks. */
  labelled: boolean,
  /**
   * Number of classes of the classification output; 0 if no output is a classification. Omitted in runs of older
   * versions.
   */
  classCount: optional(count),
  /** The task that the variants were judged by; null: not decided. Omitted in runs of older versions. */
  task: optional(nullable(taskSchema)),
  /** The hash of the user's own metric; runs with different hashes are not comparable. */
  metricHash: optional(string),
  /** Why the variants have no measure, so that only the error of the outputs is known. */
  noMeasure: optional(noMeasureSchema),
  /** By class index; omitted if classes have no names. */
  classNames: optional(list(string)),
  variants: list(variantReportSchema),
});
export type ValidationRecord = InferOutput<typeof validationRecordSchema>;

export const deviceRecordSchema = object({
  /** Index among the GPUs that CUDA reports. */
  index: count,
  name: string,
});
/** One of several GPUs. */
export type DeviceRecord = InferOutput<typeof deviceRecordSchema>;

const shapeLatencySchema = object({
  /** Index of the optimization profile. */
  profile: count,
  at: oneOf(...PROFILE_POINTS),
  /** The inputs with open sizes. */
  inputs: list(object({ name: string, dims: list(count) })),
  latencyMs: latencySummarySchema,
  ratioToFp32: optional(pairedRatioSchema),
});
/** The time of an engine at one end of an optimization profile. */
export type ShapeLatency = InferOutput<typeof shapeLatencySchema>;

export const benchmarkVariantRecordSchema = object({
  variant: string,
  batch: count,
  streams: count,
  latencyMs: latencySummarySchema,
  throughputPerSecond: number,
  /** Omitted if unknown, for example on GPUs through ONNX Runtime. */
  memoryMb: optional(number),
  sizeMb: number,
  coefficientOfVariation: number,
  ratioToFp32: optional(pairedRatioSchema),
  /** At the smallest, usual and largest shapes of the profiles that are tuned for this batch; only if they differ. */
  shapes: optional(list(shapeLatencySchema)),
  /** An earlier variant with the same engine; all numbers are those of that variant. */
  sameAs: optional(string),
  /** Duration of the build, now or when the engine was built; omitted if none was needed or the time is not known. */
  buildSeconds: optional(number),
  /** Percent of the time of convolutions and matrix products in INT8; only where layers were timed. */
  int8Time: optional(number),
  /** The times of layers on ONNX Runtime, from its profiler; only if they were asked for. */
  profile: optional(
    object({
      /** Median time of one profiled run. */
      runMs: number,
      /** Sum of the median times of all kernels. */
      kernelsMs: number,
      /** Share of the time of the profiled runs that is spent in kernels, 0..1. */
      kernelShare: number,
      runs: count,
    }),
  ),
  /** Present if several GPUs were benchmarked. */
  device: optional(deviceRecordSchema),
});
export type BenchmarkVariantRecord = InferOutput<typeof benchmarkVariantRecordSchema>;

export const gpuRecordSchema = object({
  /** Version of TensorRT. */
  tensorrt: string,
  driver: nullable(string),
  smClockMhz: nullable(number),
  memoryClockMhz: nullable(number),
  temperatureC: nullable(number),
  powerW: nullable(number),
  throttleReasons: list(string),
});
/**
 * The state of the GPU during a benchmark: the largest of several readings; null if the GPU does not report a value.
 */
export type GpuRecord = InferOutput<typeof gpuRecordSchema>;

export const benchmarkRecordSchema = object({
  backend: oneOf(...BACKENDS),
  device: string,
  threads: count,
  rounds: count,
  variants: list(benchmarkVariantRecordSchema),
  gpu: optional(gpuRecordSchema),
});
export type BenchmarkRecord = InferOutput<typeof benchmarkRecordSchema>;

export const diagnosisRecordSchema = object({
  variant: string,
  /** The name of the group. */
  title: string,
  summary: string,
  /** Measured effects of single changes, best first, one sentence each. */
  actions: list(string),
});
export type DiagnosisRecord = InferOutput<typeof diagnosisRecordSchema>;

export const fixRecordSchema = object({
  /** Why the work ended, as one sentence. */
  reason: string,
  notes: list(string),
  /** What to do if no plan meets the gates, as sentences. */
  advice: list(string),
  stages: list(
    object({
      stage: string,
      /** `met`, `better`, `no-gain` or `skipped`. */
      outcome: string,
      note: string,
      /** Of the best plan of the stage; omitted if none was judged. */
      measure: optional(measureSchema),
      drop: optional(number),
      worstGroupDrop: optional(number),
      fp16Layers: optional(count),
      seconds: number,
    }),
  ),
});
/** The way that a fix took to its plan. */
export type FixRecord = InferOutput<typeof fixRecordSchema>;

export const RUN_STEPS = [
  'calibration',
  'search',
  'fix',
  'tuning',
  'benchmark',
  'validation',
  'accuracy',
  'drift',
  'diagnosis',
] as const;
export type RunStep = (typeof RUN_STEPS)[number];

export const stepRecordSchema = object({
  step: oneOf(...RUN_STEPS),
  state: oneOf('done', 'skipped'),
  /** Why it was skipped, as a sentence without a full stop. */
  reason: optional(string),
  seconds: optional(number),
  /** Present (true) if the result was taken over from a run that was cut off. */
  resumed: optional(yes),
});
/** A step of a run. What was asked for or is needed for a gate and was not done is recorded as skipped. */
export type StepRecord = InferOutput<typeof stepRecordSchema>;

export const runRecordSchema = object({
  version: oneOf(RUN_RECORD_VERSION),
  runId: string,
  /** ISO 8601, UTC. */
  createdAt: string,
  /** Name of the project. */
  project: string,
  tool: object({
    version: string,
    node: string,
    onnxruntime: string,
  }),
  machine: machineRecordSchema,
  model: modelSchema,
  sets: object({
    calibration: setRecordSchema,
    validation: nullable(setRecordSchema),
  }),
  preprocessing: preprocessingSchema,
  options: object({
    target: oneOf(...TARGETS),
    backend: oneOf(...BACKENDS),
    /** Method of all tensors without a method of their own. */
    method: oneOf(...METHODS),
    /** The method that `best` stood for, if the shipped variant uses `best`. */
    chosenMethod: optional(oneOf(...HISTOGRAM_METHODS)),
    /** Decisions per tensor and per layer, as in the project file. */
    percentile: percentileSchema,
    tensorMethods: record(oneOf(...METHODS)),
    manualThresholds: thresholdsSchema,
    plan: planSchema,
    threads: count,
    /** All other options that were set, by the name of their flag. */
    other: record(either('a string, a number or true or false', string, number, boolean)),
  }),
  calibration: calibrationSummarySchema,
  table: list(tableRowSchema),
  /** Variants meant for deployment; the gates judge these. */
  shipped: list(string),
  validation: nullable(validationRecordSchema),
  benchmark: nullable(benchmarkRecordSchema),
  gates: list(gateResultSchema),
  /** Omitted in runs of older versions. */
  steps: optional(list(stepRecordSchema)),
  /** Hash of everything that decides the results: model, images, preprocessing, decisions, options, software. */
  inputsSha256: optional(string),
  /** Where the run belongs in version control, from flags or the environment of the CI system. */
  source: optional(object({ branch: optional(string), commit: optional(string) })),
  /** The run that gates were compared with. */
  baselineId: optional(string),
  /** Distance of the validation images from the calibration images; measured if a gate needs it. */
  drift: optional(object({ value: number, atLeast: number })),
  warnings: list(runWarningSchema),
  /**
   * Formats below INT8 and pruned copies that could not be timed or judged, with the reason; present if there are some.
   */
  refused: optional(list(refusedVariantSchema)),
  /** The result of the search for a plan as one sentence; present if a search was requested. */
  search: optional(string),
  /** The result of the tuning of the placement in a few sentences; present if a tuning was requested. */
  tuning: optional(string),
  /** How the plan of the row mixed was found; present if a fix was requested. */
  fix: optional(fixRecordSchema),
  /** Groups of the shipped variant that lost too much, with the causes; present if a diagnosis was requested. */
  diagnoses: optional(list(diagnosisRecordSchema)),
});
/** `run.json`: one recorded pass of the whole job, with everything needed to repeat and to compare it. */
export type RunRecord = InferOutput<typeof runRecordSchema>;
