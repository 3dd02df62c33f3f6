import type { ValidateResult } from '../../../src-shared/contract/job-results';
import type { RunSpec } from '../../../src-shared/contract/job-specs';
import { ownValue } from '../../../src-shared/base/records';
import type { FixResult } from '../../../src-shared/domain/analysis/fix';
import type { DiagnosisRecord, FixRecord } from '../../../src-shared/domain/runs/run-record';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { Workspace } from '../projects/workspace';
import { workspaceWith } from '../fix/candidates';
import { diagnoseJob } from './diagnose-job';
import { fixJob } from './fix-job';
import { searchJob } from './search-job';
import type { JobContext } from '../job-context';
import { variantOptions } from '../variants/options';
import { needsThresholds } from '../variants/recipe';

/** Percentage points that a group may lose if the project has no gate for it. */
const MAX_GROUP_DROP = 1;

/**
 * The run has phases of the same names as the analysis: the name of the analysis is put in front (`search:
 * benchmarking`).
 */
function withinStep(name: 'search' | 'fix' | 'diagnosis', job: JobContext): JobContext {
  const { onProgress } = job;
  return onProgress
    ? { ...job, onProgress: (progress) => onProgress({ ...progress, phase: `${name}: ${progress.phase}` }) }
    : job;
}

/** The project with the plan of the run, and how it was found. */
interface PlannedRun {
  readonly workspace: Workspace;
  readonly search?: string;
  readonly fix?: FixRecord;
}

/** Like withSearchedPlan, with the plan that a fix finds. */
async function withFixedPlan(spec: RunSpec, job: JobContext): Promise<PlannedRun> {
  const { workspace } = job;
  const { backend, tensorrt, target, threads, limit } = spec;
  const given = { backend, tensorrt, target, threads, limit };
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const found = await fixJob({ kind: 'fix', projectPath: workspace.path, ...options }, withinStep('fix', job));
  const plan = found.chosen === null ? undefined : found.plans[found.chosen];
  return { workspace: plan ? workspaceWith(workspace, plan.decisions) : workspace, fix: fixRecord(found) };
}

function fixRecord({ reason, notes, advice, stages, plans }: FixResult): FixRecord {
  return {
    reason,
    notes,
    advice: advice.map(({ sentence }) => sentence),
    stages: stages.map(({ stage, outcome, note, seconds, plan: index }) => {
      const plan = index === null ? undefined : plans[index];
      return {
        stage,
        outcome,
        note,
        ...(plan?.measure === undefined ? {} : { measure: plan.measure }),
        ...(plan?.drop === undefined ? {} : { drop: plan.drop }),
        ...(plan?.worstGroupDrop === undefined ? {} : { worstGroupDrop: plan.worstGroupDrop }),
        ...(plan === undefined ? {} : { fp16Layers: plan.fp16Layers.length }),
        seconds,
      };
    }),
  };
}

/**
 * Searches a plan if the specification asks for it. Returns the project with the plan that was found, for this run
 * only, or unchanged if no plan meets the limits, and the summary of the search.
 */
export async function withSearchedPlan(
  { spec, variants }: { readonly spec: RunSpec; readonly variants: readonly string[] },
  job: JobContext,
): Promise<PlannedRun> {
  const { workspace } = job;
  if (spec.fixes) return withFixedPlan(spec, job);
  if (!spec.searches) return { workspace };
  const mixed = variants.map(parseVariant).find(({ kind }) => kind === 'mixed');
  const method = mixed?.method ?? undefined;
  const { threads, limit } = spec;
  const { target } = variantOptions(spec, workspace, variants);
  const found = await searchJob(
    {
      kind: 'search',
      projectPath: workspace.path,
      ...(method === undefined ? {} : { method }),
      target,
      ...(threads === undefined ? {} : { threads }),
      ...(limit === undefined ? {} : { limit }),
    },
    withinStep('search', job),
  );
  const plan = found.chosen === null ? undefined : found.plans[found.chosen];
  if (!plan) return { workspace, search: found.summary };
  const { file } = workspace;
  const layers = Object.fromEntries(plan.fp16Layers.map((layer) => [layer, 'fp16' as const]));
  const thresholds = found.method === null ? {} : { method: found.method, tensorMethods: {} };
  return {
    workspace: { ...workspace, file: { ...file, ...thresholds, plan: { ...file.plan, layers } } },
    search: found.summary,
  };
}

/** Diagnoses of the groups that lose more top-1 in the shipped variant than the gate allows, the worst group first. */
export async function diagnosesOf(
  {
    spec,
    shipped,
    validation,
  }: { readonly spec: RunSpec; readonly shipped: string; readonly validation: ValidateResult | null },
  job: JobContext,
): Promise<DiagnosisRecord[]> {
  const { workspace } = job;
  if (!spec.diagnoses || !validation || !needsThresholds(parseVariant(shipped))) return [];
  const fp32 = validation.variants.find(({ variant }) => variant === REFERENCE_VARIANT);
  const own = validation.variants.find(({ variant }) => variant === shipped);
  const drops = Object.entries(fp32?.groups ?? {}).map(([group, { top1 = 0 }]) => ({
    group,
    drop: top1 - (ownValue(own?.groups, group)?.top1 ?? 0),
  }));
  const limit = workspace.file.gates.maxWorstGroupDrop ?? MAX_GROUP_DROP;
  const lost = drops.filter(({ drop }) => drop > limit).sort((a, b) => b.drop - a.drop);
  const records: DiagnosisRecord[] = [];
  for (const { group } of lost) {
    const { variant, title, summary, actions } = await diagnoseJob(
      {
        kind: 'diagnose',
        projectPath: workspace.path,
        variant: shipped,
        subject: { kind: 'group', group },
        target: validation.target,
      },
      withinStep('diagnosis', job),
    );
    records.push({ variant, title, summary, actions: actions.map(({ sentence }) => sentence) });
  }
  return records;
}
