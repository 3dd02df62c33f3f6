import { appendFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { RunResult } from '../../../src-shared/contract/job-results';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { answerSentence, answersOfRun } from '../../../src-shared/domain/runs/questions';
import { writeFileAtomic } from '../../base/atomic-file';
import { errnoOf, messageOf } from '../../base/file-errors';
import { historyEntry } from '../../../src-shared/domain/history/history-entry';
import { junitXml } from '../ci/junit';
import { prometheusText } from '../ci/prometheus';
import { type ListedProject, readProjects } from '../ci/projects-file';
import { exitCodeOfAll, type RunOutcome } from '../ci/run-outcome';
import { sourceOf } from '../ci/source';
import { combinedCells, markdownSummary } from '../ci/summary';
import { defineCommand, EXIT_CANCELLED, exitCodeOf, present, type CommandContext } from '../command';
import { flag, text, type OptionValues } from '../options';
import type { Block } from '../output';
import { gateLines, runTable, skippedLines } from '../run-text';
import { limitOption, memoryLimitOption, tuneOption, VARIANT_OPTIONS, variantSpec } from '../shared-options';
import { anomalyLines } from '../history-text';
import { roundsOption } from './bench';
import { readinessLines } from './readiness';
import { tensorrtGridOption } from './calibrate';

const CI = { group: 'Continuous integration:' };
const RUN_OPTIONS = {
  ...VARIANT_OPTIONS,
  'memory-limit': memoryLimitOption,
  limit: limitOption('validation images'),
  rounds: roundsOption,
  'tensorrt-grid': tensorrtGridOption,
  search: flag('the mixed row is the plan that a search finds within the gates (the project keeps its own plan)'),
  tune: tuneOption,
  fix: flag('the mixed row is the plan that fix finds: methods, repairs and released layers (instead of --search)'),
  diagnose: flag('explain why groups of the shipped variant lost more than the gate allows (1 point without a gate)'),
  projects: text('FILE', 'run all projects of a JSON file: {"version": 1, "projects": [{"path": "a.calib"}]}', CI),
  history: text('DIR', 'copy the finished run into this folder of runs, for example on a shared drive', CI),
  baseline: text('RUN', 'what gates are compared with: the id of a run, or a branch (its newest run)', CI),
  branch: text('NAME', 'branch of the run (default: from the CI system or from git)', CI),
  commit: text('SHA', 'commit of the run (default: from the CI system or from git)', CI),
  junit: text('FILE', 'write a JUnit file: a case for each gate, group and step', CI),
  mlflow: text(
    'URI',
    'record the run on this MLflow server (default: MLFLOW_TRACKING_URI); a failure is a warning',
    CI,
  ),
  prometheus: text('FILE', 'write the values as Prometheus text, for the textfile collector', CI),
  summary: text('FILE', 'write a summary in Markdown; it is also added to GITHUB_STEP_SUMMARY where that is set', CI),
} as const;
type Values = OptionValues<typeof RUN_OPTIONS>;

export const run = defineCommand({
  name: 'run',
  summary: 'do the whole job: calibrate, build, benchmark, validate, check the gates, write a report',
  positionals: ['[PROJECT]'],
  options: RUN_OPTIONS,
  details: `The gates of the project judge the variant that ships: mixed if it is among the variants, otherwise the last
quantized one that is named, or fp32 if there is no other. The exit code is 3 if a gate is not met or cannot be judged.
A run that was killed continues when it is started again: results of the last 24 hours are taken over.
With --projects a project that fails does not stop the others; the exit code is that of the first failure, else 3 if a
gate of any project is not met. docs/ci has ready pipelines.`,
  async run(values, [project], context) {
    if (values.projects !== undefined) {
      if (project !== undefined) throw new WorkbenchError('usage', 'Expected PROJECT or --projects FILE, found both');
      return runSeveral(readProjects(values.projects), values, context);
    }
    if (project === undefined) throw new WorkbenchError('usage', 'Expected PROJECT or --projects FILE, found neither');
    const result = await runOne({ projectPath: resolve(project) }, values, context);
    const outcome: RunOutcome = { kind: 'run', project: result.record.project, result };
    await writeFiles([outcome], values);
    await record([outcome], values, context);
    context.print(resultJson(result), () => resultText(result));
    return exitCodeOfAll([outcome]);
  },
});

async function runOne(
  { projectPath, ...own }: ListedProject,
  values: Values,
  { runJob, note }: CommandContext,
): Promise<RunResult> {
  const source = { ...sourceOf(projectPath), ...present({ branch: values.branch, commit: values.commit }) };
  const result = await runJob({
    kind: 'run',
    projectPath,
    ...variantSpec(values),
    ...present({
      limit: values.limit,
      memoryLimitGb: values['memory-limit'],
      rounds: values.rounds,
      searches: values.search,
      tunes: values.tune,
      fixes: values.fix,
      diagnoses: values.diagnose,
      tensorrtGridBatch: values['tensorrt-grid'],
      historyPath: values.history === undefined ? undefined : resolve(values.history),
      baseline: values.baseline,
      source: Object.keys(source).length === 0 ? undefined : source,
    }),
    ...own,
  });
  for (const warning of result.record.warnings) note(`warning: ${warning.message}`);
  return result;
}

/** A project that fails is reported and does not stop the others. */
async function runSeveral(
  projects: readonly ListedProject[],
  values: Values,
  context: CommandContext,
): Promise<number> {
  const outcomes: RunOutcome[] = [];
  for (const [done, listed] of projects.entries()) {
    const name = basename(listed.projectPath, '.calib');
    context.note(`project ${done + 1} of ${projects.length}: ${name}`);
    try {
      const result = await runOne(listed, values, context);
      outcomes.push({ kind: 'run', project: result.record.project, result });
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error;
      const exitCode = exitCodeOf(error.code);
      if (exitCode === EXIT_CANCELLED) throw error;
      context.note(`${name}: ${error.message}`);
      outcomes.push({ kind: 'failed', project: name, message: error.message, exitCode });
    }
  }
  await writeFiles(outcomes, values);
  await record(outcomes, values, context);
  context.print({ projects: outcomes.map(outcomeJson) }, () => [
    '',
    {
      columns: ['project', 'variant', 'measure', 'vs FP32', 'latency', 'gates'].map((title) => ({ title })),
      rows: outcomes.map(combinedCells),
    },
    ...outcomes.flatMap(outcomeLines),
  ]);
  return exitCodeOfAll(outcomes);
}

function outcomeJson(outcome: RunOutcome) {
  if (outcome.kind === 'run') return { project: outcome.project, ...resultJson(outcome.result) };
  return { project: outcome.project, error: outcome.message, exitCode: outcome.exitCode };
}

function outcomeLines(outcome: RunOutcome): readonly string[] {
  if (outcome.kind === 'failed') return ['', `${outcome.project}: FAILED  ${outcome.message}`];
  const { record, report } = outcome.result;
  const open = { ...record, gates: record.gates.filter(({ state }) => state !== 'met') };
  return ['', `${outcome.project}: report ${report}`, ...skippedLines(record), ...gateLines(open)];
}

async function writeFiles(outcomes: readonly RunOutcome[], { junit, summary, prometheus }: Values): Promise<void> {
  if (prometheus !== undefined) {
    const entries = outcomes.flatMap((outcome) =>
      outcome.kind === 'run' ? [historyEntry(outcome.result.record, null)] : [],
    );
    await writeFileAtomic(resolve(prometheus), prometheusText(entries));
  }
  if (junit !== undefined) await writeFileAtomic(resolve(junit), junitXml(outcomes));
  const stepSummary = process.env['GITHUB_STEP_SUMMARY'];
  if (summary === undefined && (stepSummary ?? '') === '') return;
  const markdown = markdownSummary(outcomes);
  if (summary !== undefined) await writeFileAtomic(resolve(summary), markdown);
  if (stepSummary !== undefined && stepSummary !== '') appendTo(stepSummary, markdown);
}

/** Sends the runs to an MLflow server. Nothing that the server does makes a run fail. */
async function record(
  outcomes: readonly RunOutcome[],
  { mlflow = process.env['MLFLOW_TRACKING_URI'] }: Values,
  { note }: CommandContext,
): Promise<void> {
  if (mlflow === undefined || mlflow === '') return;
  const { sendToMlflow } = await import('../ci/mlflow');
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') continue;
    try {
      note(`recorded in MLflow: ${await sendToMlflow(mlflow, outcome.result)}`);
    } catch (error) {
      note(`warning: ${outcome.project} was not recorded in MLflow: ${messageOf(error)}`);
    }
  }
}

/** @throws WorkbenchError unwritable */
function appendTo(path: string, content: string): void {
  try {
    appendFileSync(path, `${content}\n`);
  } catch (error) {
    throw new WorkbenchError('unwritable', `Cannot add the summary to ${path}: ${errnoOf(error) ?? 'unknown error'}`, {
      hint: 'GITHUB_STEP_SUMMARY names the file; unset it to write none.',
      cause: error,
    });
  }
}

function resultJson({ record, report, runId, readiness, anomalies }: RunResult) {
  const { options, table, gates, warnings, search, fix, tuning, diagnoses, steps, inputsSha256, baselineId } = record;
  const { method, chosenMethod } = options;
  const answers = answersOfRun(record).map((answer) => ({ ...answer, sentence: answerSentence(answer) }));
  return {
    runId,
    method,
    ...present({ chosenMethod }),
    table,
    gates,
    ...(answers.length === 0 ? {} : { answers }),
    warnings,
    ...present({ steps, inputsSha256, baselineId, search, fix, tuning, diagnoses }),
    readiness,
    anomalies,
    report,
  };
}

function resultText({ record, report, readiness, anomalies }: RunResult): Block[] {
  return [
    '',
    ...runTable(record),
    '',
    ...answersOfRun(record).map(answerSentence),
    ...methodLines(record),
    ...analysisLines(record),
    ...skippedLines(record),
    ...gateLines(record),
    ...anomalyLines(anomalies),
    ...(readiness.state === 'estimated' ? readinessLines(readiness).slice(0, 1) : []),
    `report: ${report}`,
  ];
}

/** The method that `best` had chosen in this run. */
function methodLines({ options: { chosenMethod } }: RunRecord): string[] {
  return chosenMethod === undefined ? [] : [`method best: ${chosenMethod}`, ''];
}

function analysisLines({ search, fix, tuning, diagnoses = [] }: RunRecord): string[] {
  const lines = [
    ...(fix === undefined
      ? []
      : [`fix: ${fix.reason}`, ...fix.notes, ...fix.advice, 'To take this plan over: calib fix PROJECT --adopt']),
    ...(search === undefined
      ? []
      : [`search: ${search}`, 'The project keeps its own plan; to take this one: calib search PROJECT --adopt']),
    ...(tuning === undefined
      ? []
      : [`tuning: ${tuning}`, 'The project keeps its own plan; to take this one: calib tune PROJECT --adopt']),
    ...diagnoses.map(({ summary }) => summary),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}
