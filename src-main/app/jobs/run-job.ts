import { join, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { BenchResult, RunResult, ValidateResult, Warning } from '../../../src-shared/contract/job-results';
import type { RunSpec } from '../../../src-shared/contract/job-specs';
import { AS_IMPORTED, isQuestion, parseVariant } from '../../../src-shared/domain/project/variant';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { findAnomalies, type AnomalyReport } from '../../../src-shared/domain/history/anomalies';
import { historyEntry, type HistoryEntry } from '../../../src-shared/domain/history/history-entry';
import { estimateReadiness } from '../../../src-shared/domain/history/readiness';
import { readHistory, saveEntry } from '../../runs/history';
import { renderReport } from '../../runs/report/html';
import {
  copyRun,
  removeAbandoned,
  reserveRun,
  runsDirOf,
  saveDetails,
  saveEngines,
  saveReport,
  saveRun,
} from '../../runs/run-store';
import { methodWarnings } from '../analysis/method-warnings';
import { healthWarnings, type SetLimits } from '../health/run-warnings';
import type { JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import { currentCalibration, projectFeeding, openCalibration, prepared } from '../projects/workspace';
import { findBaseline } from '../runs/baseline';
import { resumeKey, runInputsHash } from '../runs/run-inputs';
import { runDetails } from '../runs/run-details';
import { runEngines } from '../runs/run-engines';
import { Steps } from '../runs/steps';
import { checkToolchain } from '../runs/toolchain';
import { UnfinishedRun } from '../runs/unfinished-run';
import { variantOptions, withFixedBatch, type VariantOptions } from '../variants/options';
import { ortGpuStatus } from '../variants/ort-gpu';
import { benchJob } from './bench-job';
import { calibrateJob } from './calibrate-job';
import { measureHealth } from './health-job';
import { reportInput } from './report-input';
import { diagnosesOf, withSearchedPlan } from './run-analyses';
import { requireTunable, withTunedPlan } from './tuned-plan';
import { runRecord, setRecords } from './run-record';
import { validateJob } from './validate-job';

/** Variants that are compared if the specification names none. */
const DEFAULT_VARIANTS = ['fp32', 'int8-minmax', 'int8-entropy', 'mixed'];

/**
 * Does everything from the model to the report: calibrates, builds, benchmarks, validates, evaluates the gates, and
 * stores a record and an HTML report. A run that was killed continues: what its steps had finished is taken over.
 */
export async function runJob(spec: RunSpec, given: JobContext): Promise<RunResult> {
  const { workspace: project, services } = given;
  const { projectPath } = spec;
  const variants = spec.variants ?? DEFAULT_VARIANTS;
  const checked = await checkRun(spec, variants, given);
  const { options, metricHash } = checked;
  const runsDirs = [join(project.path, 'runs'), ...(spec.historyPath === undefined ? [] : [historyDir(spec)])];
  // A baseline that does not exist must be reported before the work.
  const baseline =
    spec.baseline === undefined
      ? null
      : await findBaseline(spec.baseline, { project: project.file.name, runsDirs: [...runsDirs].reverse() });
  const steps = new Steps();
  const common = { ...spec, projectPath, variants: withReference(variants) };
  // The user may have calibrated on a part of the set. The same part is used again.
  const limit = currentCalibration(project)?.limit ?? undefined;
  const calibration = await steps.do('calibration', () =>
    calibrateJob(
      {
        kind: 'calibrate',
        projectPath,
        target: options.target,
        ...(spec.threads === undefined ? {} : { threads: spec.threads }),
        ...(limit === undefined ? {} : { limit }),
        ...(spec.tensorrtGridBatch === undefined ? {} : { tensorrtGridBatch: spec.tensorrtGridBatch }),
      },
      given,
    ),
  );
  const searches = (): ReturnType<typeof withSearchedPlan> => withSearchedPlan({ spec, variants }, given);
  const {
    workspace: searched,
    search,
    fix,
  } = await (spec.fixes ? steps.do('fix', searches) : spec.searches ? steps.do('search', searches) : searches());
  const tunes = (): ReturnType<typeof withTunedPlan> =>
    withTunedPlan({ spec, variants }, { ...given, workspace: searched });
  const { workspace, tuning } = await (spec.tunes ? steps.do('tuning', tunes) : tunes());
  const job: JobContext = { ...given, workspace };
  const limits: SetLimits = { calibration: limit, validation: spec.limit };
  const sets = await setRecords(limits, job);
  const inputsSha256 = runInputsHash({ spec, variants, sets, metricHash }, job);
  const unfinished = await UnfinishedRun.open(workspace.path, resumeKey(inputsSha256, spec));

  const health = await healthWarnings(limits, job);
  const bench = await benchStep({ ...common, kind: 'run' }, { steps, unfinished }, job);
  const validation = await validationStep({ ...common, kind: 'run' }, { steps, unfinished }, job);
  const drift = await driftStep(spec, steps, job);
  const shipped = shippedVariants(variants);
  const thresholds = methodWarnings({
    workspace,
    calibration: await openCalibration(workspace),
    model: await prepared(workspace, services.compute, job),
    target: options.target,
    variant: parseVariant(shipped[0] ?? REFERENCE_VARIANT),
  });
  const explains = (): ReturnType<typeof diagnosesOf> =>
    diagnosesOf({ spec, shipped: shipped[0] ?? REFERENCE_VARIANT, validation }, job);
  if (spec.diagnoses && validation === null) steps.skip('diagnosis', 'the project has no validation set');
  const diagnoses = await (spec.diagnoses && validation !== null ? steps.do('diagnosis', explains) : explains());

  const made = {
    calibration,
    search,
    fix,
    tuning: tuning?.summary,
    health,
    bench,
    validation,
    thresholds,
    diagnoses,
    drift,
  };
  const { runId, createdAt } = await reserveRun(runsDirs, inputsSha256);
  const record = runRecord(
    {
      spec,
      options,
      shipped,
      identity: { runId, createdAt: createdAt.toISOString(), inputsSha256, sets },
      baseline,
      steps: made,
      done: steps.records,
      notes: [...checked.warnings, ...baselineWarnings(spec, baseline)],
    },
    job,
  );
  const recorded = await store(record, { runsDirs, unfinished }, job);
  return {
    runId,
    record,
    ...judgedByHistory(runId, recorded),
    report: join(workspace.path, 'runs', runId, 'report.html'),
  };
}

/**
 * Wrong names of variants, a missing GPU, a wrong batch, another toolchain and a metric that may not run must fail
 * before the calibration, which takes long.
 */
async function checkRun(
  spec: RunSpec,
  variants: readonly string[],
  given: JobContext,
): Promise<{
  readonly options: VariantOptions;
  readonly metricHash: string | undefined;
  readonly warnings: readonly Warning[];
}> {
  const { workspace: project, services } = given;
  const metricHash = await allowedMetricHash(project.file.task, services.userDataDir);
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
  requireTunable(spec, { what: 'A run', variants });
  if (spec.backend === 'tensorrt') await services.compute.request('tensorrt-status', {}, given);
  if (spec.backend === 'openvino') await services.compute.request('openvino-status', {}, given);
  const options = variantOptions(spec, project, DEFAULT_VARIANTS);
  await ortGpuStatus(options, given);
  const { backend } = options;
  const warnings = await checkToolchain(project.path, { backend, device: spec.tensorrt?.device }, given);
  withFixedBatch(options, spec, projectFeeding(project, await prepared(project, services.compute, given)));
  return { options, metricHash: metricHash ?? undefined, warnings };
}

interface Recording {
  readonly steps: Steps;
  readonly unfinished: UnfinishedRun;
}

/** null if the backend only simulates the target: then accuracy is measured, but latency is not. */
async function benchStep(
  spec: RunSpec,
  { steps, unfinished }: Recording,
  job: JobContext,
): Promise<BenchResult | null> {
  const { target } = job.workspace.file;
  if ((spec.backend ?? 'ort-cpu') === 'ort-cpu' && (spec.target ?? target) !== 'onnxruntime') {
    const reason = `backend ort-cpu only simulates the target ${spec.target ?? target}, so that its time says nothing`;
    steps.skip('benchmark', reason);
    return null;
  }
  if (unfinished.bench !== undefined) return steps.resume('benchmark', unfinished.bench);
  const bench = await steps.do('benchmark', () => benchJob({ ...spec, kind: 'bench', layers: true }, job));
  await unfinished.keep({ bench });
  return bench;
}

/** null without a validation set. */
async function validationStep(
  spec: RunSpec,
  { steps, unfinished }: Recording,
  job: JobContext,
): Promise<ValidateResult | null> {
  if (job.workspace.file.validationSet === null) {
    steps.skip('validation', 'the project has no validation set');
    return null;
  }
  const known = unfinished.validation;
  const validation =
    known === undefined
      ? await steps.do('validation', () => validateJob({ ...spec, kind: 'validate' }, job))
      : steps.resume('validation', known);
  if (known === undefined) await unfinished.keep({ validation });
  if (!validation.labelled)
    steps.skip('accuracy', 'the validation images have no labels, so that variants are compared with FP32 only');
  return validation;
}

/** The drift of the validation images from the calibration images; measured only if a gate needs it. */
async function driftStep(spec: RunSpec, steps: Steps, job: JobContext): Promise<RunRecord['drift']> {
  const { gates, baselineGates, validationSet } = job.workspace.file;
  if ((gates.maxDrift ?? null) === null && baselineGates?.maxDrift === undefined) return undefined;
  if (validationSet === null) {
    steps.skip('drift', 'the project has no validation set');
    return undefined;
  }
  const { against } = await steps.do('drift', () =>
    measureHealth(
      {
        kind: 'health',
        projectPath: spec.projectPath,
        againstPath: validationSet.path,
        ...(spec.limit === undefined ? {} : { limit: spec.limit }),
        ...(spec.threads === undefined ? {} : { threads: spec.threads }),
      },
      job,
    ),
  );
  return against === null ? undefined : { value: against.drift, atLeast: against.driftAtLeast };
}

function baselineWarnings({ baseline }: RunSpec, found: RunRecord | null): readonly Warning[] {
  if (baseline === undefined || found !== null) return [];
  const message = `No run of branch ${baseline} was recorded yet, so that nothing can be compared with it`;
  return [{ code: 'baseline-missing', message }];
}

/** What the recorded runs of the same project say about a run. */
function judgedByHistory(runId: string, recorded: readonly HistoryEntry[]): Pick<RunResult, 'readiness' | 'anomalies'> {
  const own = recorded.find((entry) => entry.runId === runId);
  const entries = recorded.filter(({ project }) => project === own?.project);
  const none: AnomalyReport = { anomalies: [], tooFew: [], causes: [] };
  return { readiness: estimateReadiness(entries), anomalies: own === undefined ? none : findAnomalies(own, entries) };
}

/**
 * The record is written before the report: a run is finished when it has a record.
 * @returns the runs of the last folder, the one that several machines share if there is one
 */
async function store(
  record: RunRecord,
  { runsDirs, unfinished }: { readonly runsDirs: readonly string[]; readonly unfinished: UnfinishedRun },
  job: JobContext,
): Promise<readonly HistoryEntry[]> {
  const { path } = job.workspace;
  const input = await reportInput(record, job);
  const details = runDetails(record, input);
  await saveDetails(path, record.runId, details);
  await saveEntry(join(path, 'runs'), historyEntry(record, details));
  const engines = await runEngines(record, job);
  if (engines !== null) await saveEngines(path, record.runId, engines);
  await saveRun(path, record);
  job.onProgress?.({ phase: 'writing the report', done: 0, total: 1, unit: 'reports' });
  await saveReport(path, record.runId, renderReport({ ...input, engines }));
  for (const dir of runsDirs.slice(1)) await copyRun(path, record.runId, dir);
  let recorded: readonly HistoryEntry[] = [];
  for (const dir of runsDirs) {
    // Brings the index up to date, so that the next reader has nothing to read.
    const { entries } = await readHistory(dir);
    await removeAbandoned(dir, new Set(entries.map((entry) => entry.runId)));
    recorded = entries;
  }
  await unfinished.finish();
  return recorded;
}

function historyDir({ historyPath = '' }: RunSpec): string {
  return runsDirOf(resolve(historyPath));
}

/**
 * The variant that the gates judge: the mixed plan if it is in the table, else the last quantized variant. Questions
 * are judged only if nothing else was asked for.
 */
function shippedVariants(variants: readonly string[]): string[] {
  const others = variants.filter((variant) => variant !== 'fp32' && variant !== AS_IMPORTED);
  const usual = others.filter((variant) => !isQuestion(variant));
  const quantized = usual.length > 0 ? usual : others;
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
