import { cpus, release, totalmem, type as osType } from 'node:os';
import { join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { RunResult } from '../../../src-shared/contract/job-results';
import type { RunSpec } from '../../../src-shared/contract/job-specs';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { evaluateGates } from '../../../src-shared/domain/runs/gates';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { flagsOfTensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { RunRecord, SetRecord } from '../../../src-shared/domain/runs/run-record';
import { RUN_RECORD_VERSION } from '../../../src-shared/domain/runs/run-record';
import { buildTable, REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { setManifestHash } from '../../calibration/images/image-set';
import { renderReport } from '../../runs/report/html';
import { createRunId, saveReport, saveRun } from '../../runs/run-store';
import {
  currentCalibration,
  imageInput,
  loadSet,
  openCalibration,
  prepared,
  type Workspace,
} from '../projects/workspace';
import { healthWarnings, type SetLimits } from '../health/run-warnings';
import { isMethodWarning, methodWarnings } from '../analysis/method-warnings';
import { reportInput } from './report-input';
import { benchJob } from './bench-job';
import { calibrateJob } from './calibrate-job';
import { diagnosesOf, withSearchedPlan } from './run-analyses';
import { ortGpuStatus } from '../variants/ort-gpu';
import { defaultThreads, type JobContext } from '../job-context';
import { validateJob } from './validate-job';
import { variantOptions, withFixedBatch } from '../variants/options';

/** The rows of the table when nothing else is asked for. */
const DEFAULT_VARIANTS = ['fp32', 'int8-minmax', 'int8-entropy', 'mixed'];

/** The whole job: calibrate, build, benchmark, validate, judge the gates, record and report. */
export async function runJob(spec: RunSpec, asked: JobContext): Promise<RunResult> {
  const { workspace: project, services } = asked;
  const { projectPath } = spec;
  const variants = spec.variants ?? DEFAULT_VARIANTS;
  // A misspelt name must not wait for the calibration.
  const kinds = variants.map((variant) => parseVariant(variant).kind);
  if (spec.searches && !kinds.includes('mixed')) {
    throw new WorkbenchError(
      'usage',
      `A run that searches shows the plan it finds as variant mixed, found only ${variants.join(', ')}`,
      { hint: 'Add mixed to the variants.' },
    );
  }
  // Neither must a missing GPU.
  if (spec.backend === 'tensorrt') await services.compute.request('tensorrt-status', {}, asked);
  const options = variantOptions(spec, project, DEFAULT_VARIANTS);
  await ortGpuStatus(options, asked);
  withFixedBatch(options, spec, imageInput(await prepared(project, services.compute, asked)));
  const common = { ...spec, projectPath, variants: withReference(variants) };
  // A calibration of a part of the set was somebody's choice: what runs is what was looked at.
  const limit = currentCalibration(project)?.limit ?? undefined;
  const calibration = await calibrateJob(
    {
      kind: 'calibrate',
      projectPath,
      target: options.target,
      ...(spec.threads === undefined ? {} : { threads: spec.threads }),
      ...(spec.memoryLimitGb === undefined ? {} : { memoryLimitGb: spec.memoryLimitGb }),
      ...(limit === undefined ? {} : { limit }),
      ...(spec.tensorrtGridBatch === undefined ? {} : { tensorrtGridBatch: spec.tensorrtGridBatch }),
    },
    asked,
  );
  const { workspace, search } = await withSearchedPlan({ spec, variants }, asked);
  const job: JobContext = { ...asked, workspace };
  const health = await healthWarnings({ calibration: limit, validation: spec.limit }, job);
  const bench = isSimulation(spec, workspace) ? null : await benchJob({ ...common, kind: 'bench' }, job);
  const validation = workspace.file.validationSet ? await validateJob({ ...common, kind: 'validate' }, job) : null;
  const table = buildTable({ validation, benchmark: bench });
  const shipped = shippedVariants(variants);
  const thresholds = methodWarnings({
    workspace,
    calibration: await openCalibration(workspace),
    model: await prepared(workspace, services.compute, job),
    target: options.target,
    variant: parseVariant(shipped[0] ?? REFERENCE_VARIANT),
  });
  const diagnoses = await diagnosesOf({ spec, shipped: shipped[0] ?? REFERENCE_VARIANT, validation }, job);
  const record: RunRecord = {
    version: RUN_RECORD_VERSION,
    runId: createRunId(),
    createdAt: new Date().toISOString(),
    project: workspace.file.name,
    tool: { version: services.toolVersion, node: process.versions.node, onnxruntime: services.onnxruntimeVersion },
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      os: `${osType()} ${release()}`,
      ...(bench && bench.backend !== 'ort-cpu' ? { gpu: bench.device } : {}),
    },
    model: workspace.file.model,
    sets: await setRecords(workspace, { calibration: limit, validation: spec.limit }, job),
    preprocessing: workspace.file.preprocessing,
    options: {
      target: options.target,
      backend: spec.backend ?? 'ort-cpu',
      method: workspace.file.method,
      ...(thresholds.chosenMethod === undefined ? {} : { chosenMethod: thresholds.chosenMethod }),
      percentile: workspace.file.percentile,
      tensorMethods: workspace.file.tensorMethods,
      manualThresholds: workspace.file.manualThresholds,
      plan: workspace.file.plan,
      threads: spec.threads ?? defaultThreads(),
      other: {
        activations: spec.activationType ?? 'int8',
        ...flagsOfTensorrtOptions(spec.tensorrt ?? {}),
        ...(workspace.file.validationSet?.labelOrder === undefined
          ? {}
          : { 'label-order': workspace.file.validationSet.labelOrder }),
        ...(spec.limit === undefined ? {} : { limit: spec.limit }),
        ...(spec.tensorrtGridBatch === undefined ? {} : { 'tensorrt-grid': spec.tensorrtGridBatch }),
        ...(spec.searches ? { search: true } : {}),
        ...(spec.diagnoses ? { diagnose: true } : {}),
      },
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
      classNames: validation.classNames,
      variants: validation.variants,
    },
    benchmark: bench,
    gates: evaluateGates(workspace.file.gates, table, shipped, validation),
    warnings: [
      ...calibration.warnings.filter((warning) => !isMethodWarning(warning)),
      ...thresholds.warnings,
      ...health,
      ...(bench?.warnings ?? []),
      ...(validation?.warnings ?? []),
    ],
    ...(search === undefined ? {} : { search }),
    ...(diagnoses.length === 0 ? {} : { diagnoses }),
  };
  await saveRun(workspace.path, record);
  job.onProgress?.({ phase: 'writing the report', done: 0, total: 1, unit: 'reports' });
  await saveReport(workspace.path, record.runId, renderReport(await reportInput(record, job)));
  return { runId: record.runId, record, report: join(workspace.path, 'runs', record.runId, 'report.html') };
}

/** The gates judge what would be deployed: the mixed plan when it is in the table, else the last quantized variant. */
function shippedVariants(variants: readonly string[]): string[] {
  const quantized = variants.filter((variant) => variant !== 'fp32');
  const shipped =
    quantized.find((variant) => variant === 'mixed') ??
    quantized.find((variant) => variant.startsWith('mixed')) ??
    quantized.at(-1);
  // With nothing but fp32 in the run, that is what ships, and the gates judge it.
  return [shipped ?? REFERENCE_VARIANT];
}

/** Everything is compared with fp32, so it is always in the table. */
function withReference(variants: readonly string[]): readonly string[] {
  return [REFERENCE_VARIANT, ...variants.filter((variant) => variant !== REFERENCE_VARIANT)];
}

/** ort-cpu runs what is placed for ONNX Runtime; of another target it knows the accuracy, but no latency. */
function isSimulation(spec: RunSpec, workspace: Workspace): boolean {
  return (spec.backend ?? 'ort-cpu') === 'ort-cpu' && (spec.target ?? workspace.file.target) !== 'onnxruntime';
}

async function setRecords(workspace: Workspace, limits: SetLimits, context: TaskContext): Promise<RunRecord['sets']> {
  const record = async (set: ImageSet): Promise<SetRecord> => ({
    root: set.root,
    manifestSha256: await setManifestHash(set, context),
    images: set.entries.length,
  });
  return {
    calibration: await record(await loadSet(workspace, 'calibration', limits.calibration)),
    validation: workspace.file.validationSet
      ? await record(await loadSet(workspace, 'validation', limits.validation))
      : null,
  };
}
