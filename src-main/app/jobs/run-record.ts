import { cpus, release, totalmem, type as osType } from 'node:os';
import type { BenchResult, CalibrateResult, ValidateResult, Warning } from '../../../src-shared/contract/job-results';
import type { RunSpec } from '../../../src-shared/contract/job-specs';
import { flagsOfTensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { hardwareOf } from '../../../src-shared/domain/history/history-entry';
import { judgeRun } from '../../../src-shared/domain/runs/gates';
import {
  RUN_RECORD_VERSION,
  type DiagnosisRecord,
  type FixRecord,
  type RunRecord,
  type SetRecord,
  type StepRecord,
} from '../../../src-shared/domain/runs/run-record';
import { buildTable } from '../../../src-shared/domain/runs/run-table';
import { setManifestHash } from '../../calibration/images/image-set';
import { isMethodWarning, type MethodFindings } from '../analysis/method-warnings';
import type { SetLimits } from '../health/run-warnings';
import { defaultThreads, type JobContext } from '../job-context';
import { loadSet, type Workspace } from '../projects/workspace';
import { asBaseline } from '../runs/baseline';
import type { VariantOptions } from '../variants/options';

/** The results of the steps of a run. */
interface RunSteps {
  readonly calibration: CalibrateResult;
  /** Summary of the plan search; absent if the run made none. */
  readonly search?: string | undefined;
  /** Summary of the tuning; absent if the run made none. */
  readonly tuning?: string | undefined;
  /** The way to the plan; absent if the run made no fix. */
  readonly fix?: FixRecord | undefined;
  readonly health: readonly Warning[];
  /** null if the backend only simulates the target. */
  readonly bench: BenchResult | null;
  /** null without a validation set. */
  readonly validation: ValidateResult | null;
  /** Warnings about the thresholds of the shipped variant. */
  readonly thresholds: MethodFindings;
  readonly diagnoses: readonly DiagnosisRecord[];
  /** undefined: not measured. */
  readonly drift: RunRecord['drift'];
}

interface RecordTask {
  readonly spec: RunSpec;
  readonly options: Pick<VariantOptions, 'target'>;
  /** Variants that the gates judge. */
  readonly shipped: readonly string[];
  readonly identity: Pick<RunRecord, 'runId' | 'createdAt' | 'inputsSha256' | 'sets'>;
  /** The run that gates are compared with; null if there is none. */
  readonly baseline: RunRecord | null;
  readonly steps: RunSteps;
  readonly done: readonly StepRecord[];
  /** Warnings about the run itself. */
  readonly notes: readonly Warning[];
}

/**
 * The record of a run: what was run on which machine with which settings, the results, and the verdict of the gates.
 */
export function runRecord(
  { spec, options, shipped, identity, baseline, steps, done, notes }: RecordTask,
  job: JobContext,
): RunRecord {
  const { services } = job;
  const { file } = job.workspace;
  const { calibration, search, fix, tuning, health, bench, validation, thresholds, diagnoses, drift } = steps;
  const table = buildTable({ validation, benchmark: bench });
  const refused = bench?.refused ?? validation?.refused ?? [];
  const record: RunRecord = {
    version: RUN_RECORD_VERSION,
    ...identity,
    project: file.name,
    tool: { version: services.toolVersion, node: process.versions.node, onnxruntime: services.onnxruntimeVersion },
    machine: machineRecord(bench),
    model: file.model,
    preprocessing: file.preprocessing,
    options: {
      target: options.target,
      backend: spec.backend ?? 'ort-cpu',
      method: file.method,
      ...(thresholds.chosenMethod === undefined ? {} : { chosenMethod: thresholds.chosenMethod }),
      percentile: file.percentile,
      tensorMethods: file.tensorMethods,
      manualThresholds: file.manualThresholds,
      plan: file.plan,
      threads: spec.threads ?? defaultThreads(),
      other: otherOptions(spec, job.workspace),
    },
    calibration: {
      images: calibration.images,
      tensors: calibration.tensors,
      sha256: calibration.sha256,
      seconds: calibration.seconds,
    },
    table,
    shipped,
    validation: validation && {
      images: validation.images,
      labelled: validation.labelled,
      classCount: validation.classCount,
      task: validation.task,
      ...(validation.metricHash === undefined ? {} : { metricHash: validation.metricHash }),
      ...(validation.noMeasure === undefined ? {} : { noMeasure: validation.noMeasure }),
      classNames: validation.classNames,
      variants: validation.variants,
    },
    benchmark: bench,
    gates: [],
    steps: done,
    ...(spec.source === undefined ? {} : { source: spec.source }),
    ...(baseline === null ? {} : { baselineId: baseline.runId }),
    ...(drift === undefined ? {} : { drift }),
    warnings: [
      ...notes,
      ...calibration.warnings.filter((warning) => !isMethodWarning(warning)),
      ...thresholds.warnings,
      ...health,
      ...(bench?.warnings ?? []),
      ...(validation?.warnings ?? []),
    ],
    ...(refused.length === 0 ? {} : { refused }),
    ...(search === undefined ? {} : { search }),
    ...(tuning === undefined ? {} : { tuning }),
    ...(fix === undefined ? {} : { fix }),
    ...(diagnoses.length === 0 ? {} : { diagnoses }),
  };
  const { gates, baselineGates } = file;
  const judgedBy = {
    gates,
    baselineGates,
    baseline: baseline && asBaseline(baseline, { sets: record.sets, hardware: hardwareOf(record) }),
  };
  return { ...record, gates: judgeRun(judgedBy, { rows: table, validation, drift }, shipped) };
}

function machineRecord(bench: BenchResult | null): RunRecord['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    os: `${osType()} ${release()}`,
    ...(bench && bench.backend !== 'ort-cpu' ? { gpu: bench.device } : {}),
  };
}

/** Options that differ from their defaults, by the name of their command line flag. */
function otherOptions(spec: RunSpec, { file }: Workspace): RunRecord['options']['other'] {
  const labelOrder = file.validationSet?.labelOrder;
  return {
    activations: spec.activationType ?? 'int8',
    ...flagsOfTensorrtOptions(spec.tensorrt ?? {}, spec.backend ?? 'ort-cpu'),
    ...(labelOrder === undefined ? {} : { 'label-order': labelOrder }),
    ...(spec.limit === undefined ? {} : { limit: spec.limit }),
    ...(spec.tensorrtGridBatch === undefined ? {} : { 'tensorrt-grid': spec.tensorrtGridBatch }),
    ...(spec.searches ? { search: true } : {}),
    ...(spec.tunes ? { tune: true } : {}),
    ...(spec.fixes ? { fix: true } : {}),
    ...(spec.diagnoses ? { diagnose: true } : {}),
  };
}

export async function setRecords(limits: SetLimits, job: JobContext): Promise<RunRecord['sets']> {
  const { workspace } = job;
  const record = async (set: ImageSet): Promise<SetRecord> => ({
    root: set.root,
    manifestSha256: await setManifestHash(set, job),
    images: set.entries.length,
  });
  return {
    calibration: await record(await loadSet(workspace, 'calibration', limits.calibration)),
    validation: workspace.file.validationSet
      ? await record(await loadSet(workspace, 'validation', limits.validation))
      : null,
  };
}
