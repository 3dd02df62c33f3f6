import { join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { RunResult } from '../../../src-shared/contract/job-results';
import type { RunSpec } from '../../../src-shared/contract/job-specs';
import { AS_IMPORTED, parseVariant } from '../../../src-shared/domain/project/variant';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { renderReport } from '../../runs/report/html';
import { saveReport, saveRun } from '../../runs/run-store';
import { methodWarnings } from '../analysis/method-warnings';
import { healthWarnings, type SetLimits } from '../health/run-warnings';
import type { JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import { currentCalibration, projectFeeding, openCalibration, prepared, type Workspace } from '../projects/workspace';
import { variantOptions, withFixedBatch } from '../variants/options';
import { ortGpuStatus } from '../variants/ort-gpu';
import { benchJob } from './bench-job';
import { calibrateJob } from './calibrate-job';
import { reportInput } from './report-input';
import { diagnosesOf, withSearchedPlan, withTunedPlan } from './run-analyses';
import { runRecord } from './run-record';
import { validateJob } from './validate-job';

/** Variants that are compared if the specification names none. */
const DEFAULT_VARIANTS = ['fp32', 'int8-minmax', 'int8-entropy', 'mixed'];

/**
 * Does everything from the model to the report: calibrates, builds, benchmarks, validates, evaluates the gates, and
 * stores a record and an HTML report.
 */
export async function runJob(spec: RunSpec, given: JobContext): Promise<RunResult> {
  const { workspace: project, services } = given;
  const { projectPath } = spec;
  const variants = spec.variants ?? DEFAULT_VARIANTS;
  // Wrong names of variants, a missing GPU, a wrong batch and a metric that may not run must fail before the
  // calibration, which takes long.
  await allowedMetricHash(project.file.task, services.userDataDir);
  const kinds = variants.map((variant) => parseVariant(variant).kind);
  if (spec.searches && spec.fixes) {
    throw new WorkbenchError('usage', 'A run shows one plan as variant mixed, found both search and fix', {
      hint: 'Leave out search: fix searches, too.',
    });
  }
  if ((spec.searches || spec.fixes) && !kinds.includes('mixed')) {
    throw new WorkbenchError(
      'usage',
      `A run that searches shows the plan it finds as variant mixed, found only ${variants.join(', ')}`,
      { hint: 'Add mixed to the variants.' },
    );
  }
  if (spec.tunes && (spec.backend !== 'tensorrt' || !kinds.includes('mixed'))) {
    throw new WorkbenchError(
      'usage',
      'A run that tunes needs the backend tensorrt, and shows the placement that it finds as variant mixed',
      { hint: 'Choose the backend tensorrt, and add mixed to the variants.' },
    );
  }
  if (spec.backend === 'tensorrt') await services.compute.request('tensorrt-status', {}, given);
  const options = variantOptions(spec, project, DEFAULT_VARIANTS);
  await ortGpuStatus(options, given);
  withFixedBatch(options, spec, projectFeeding(project, await prepared(project, services.compute, given)));
  const common = { ...spec, projectPath, variants: withReference(variants) };
  // The user may have calibrated on a part of the set. The same part is used again.
  const limit = currentCalibration(project)?.limit ?? undefined;
  const calibration = await calibrateJob(
    {
      kind: 'calibrate',
      projectPath,
      target: options.target,
      ...(spec.threads === undefined ? {} : { threads: spec.threads }),
      ...(limit === undefined ? {} : { limit }),
      ...(spec.tensorrtGridBatch === undefined ? {} : { tensorrtGridBatch: spec.tensorrtGridBatch }),
    },
    given,
  );
  const { workspace: searched, search, fix } = await withSearchedPlan({ spec, variants }, given);
  const { workspace, tuning } = await withTunedPlan({ spec, variants }, { ...given, workspace: searched });
  const job: JobContext = { ...given, workspace };
  const limits: SetLimits = { calibration: limit, validation: spec.limit };
  const health = await healthWarnings(limits, job);
  const bench = isSimulation(spec, workspace) ? null : await benchJob({ ...common, kind: 'bench' }, job);
  const validation = workspace.file.validationSet ? await validateJob({ ...common, kind: 'validate' }, job) : null;
  const shipped = shippedVariants(variants);
  const thresholds = methodWarnings({
    workspace,
    calibration: await openCalibration(workspace),
    model: await prepared(workspace, services.compute, job),
    target: options.target,
    variant: parseVariant(shipped[0] ?? REFERENCE_VARIANT),
  });
  const diagnoses = await diagnosesOf({ spec, shipped: shipped[0] ?? REFERENCE_VARIANT, validation }, job);
  const record = await runRecord(
    {
      spec,
      options,
      shipped,
      limits,
      steps: { calibration, search, fix, tuning, health, bench, validation, thresholds, diagnoses },
    },
    job,
  );
  await saveRun(workspace.path, record);
  job.onProgress?.({ phase: 'writing the report', done: 0, total: 1, unit: 'reports' });
  await saveReport(workspace.path, record.runId, renderReport(await reportInput(record, job)));
  return { runId: record.runId, record, report: join(workspace.path, 'runs', record.runId, 'report.html') };
}

/** The variant that the gates judge: the mixed plan if it is in the table, else the last quantized variant. */
function shippedVariants(variants: readonly string[]): string[] {
  const quantized = variants.filter((variant) => variant !== 'fp32' && variant !== AS_IMPORTED);
  const shipped =
    quantized.find((variant) => variant === 'mixed') ??
    quantized.find((variant) => variant.startsWith('mixed')) ??
    quantized.at(-1);
  // If fp32 is the only variant, the gates judge it.
  return [shipped ?? REFERENCE_VARIANT];
}

/** The variants with fp32 in front: all others are compared with it. */
function withReference(variants: readonly string[]): readonly string[] {
  return [REFERENCE_VARIANT, ...variants.filter((variant) => variant !== REFERENCE_VARIANT)];
}

/** Whether the backend only simulates the target: then accuracy is measured, but latency is not. */
function isSimulation(spec: RunSpec, workspace: Workspace): boolean {
  return (spec.backend ?? 'ort-cpu') === 'ort-cpu' && (spec.target ?? workspace.file.target) !== 'onnxruntime';
}
