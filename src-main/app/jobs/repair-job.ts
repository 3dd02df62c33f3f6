import { ensureThresholds } from '../analysis/needed-decisions';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { RepairSpec } from '../../../src-shared/contract/job-specs';
import { worstGroup, type VariantReport } from '../../../src-shared/domain/runs/accuracy';
import { withRepairs, type Repairs } from '../../../src-shared/domain/project/precision';
import type { RepairResult, RepairRow } from '../../../src-shared/domain/analysis/repair';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { RescaledLayer } from '../../onnx/passes/rescaled-layer';
import { currentCalibration, loadSet, prepare, workspaceOf, type Workspace } from '../projects/workspace';
import { collectJob } from './calibrate-job';
import { defaultThreads, type JobContext } from '../job-context';
import { evaluateBuilt } from '../variants/evaluation';
import { saveRepair } from '../analysis/repair-store';
import { findSmoothing } from '../analysis/smoothing';
import { buildVariants } from '../variants/builder';
import type { BuiltVariant } from '../variants/built-variant';
import { variantOptions } from '../variants/options';
import { needsThresholds } from '../variants/recipe';

/** Number of calibration images to compare on if there is no validation set. They say nothing about accuracy in use. */
const CALIBRATION_IMAGES = 200;

/**
 * Compares the repairs of one variant on the same images: without any repair, with each one, and with several,
 * regardless of the project's plan. The calibrations and engines are kept, so that switching a repair on afterwards
 * takes no time.
 */
export async function repairJob(spec: RepairSpec, job: JobContext): Promise<RepairResult> {
  const { workspace } = job;
  const startedAt = performance.now();
  const variant = spec.variant ?? 'mixed';
  if (!needsThresholds(parseVariant(variant)))
    throw new WorkbenchError('usage', `Expected a variant with INT8 layers, found "${variant}"`);
  const which = workspace.file.validationSet ? 'validation' : 'calibration';
  const set = await loadSet(workspace, which, spec.limit ?? (which === 'validation' ? undefined : CALIBRATION_IMAGES));
  const layers = await equalizationOf(job);
  const equalizedLayers = layers.filter(({ code }) => code === 'equalized').length;
  const threads = spec.threads ?? defaultThreads();
  const choices = await choicesOf(equalizedLayers > 0, { ...spec, variant, threads }, job);
  const options = variantOptions(
    { ...(spec.target === undefined ? {} : { target: spec.target }), variants: [variant], threads },
    workspace,
    [],
  );
  const built: BuiltVariant[] = await buildVariants({ ...options, variants: ['fp32'] }, job);
  // The user may have calibrated on a part of the set. The same part is used again.
  const limit = currentCalibration(workspace)?.limit ?? undefined;
  for (const [i, repairs] of choices.entries()) {
    const own: JobContext = { ...job, workspace: withOnly(workspace, repairs) };
    await collectJob(
      { kind: 'calibrate', projectPath: workspace.path, threads, ...(limit === undefined ? {} : { limit }) },
      own,
    );
    await ensureThresholds(options, own);
    for (const each of await buildVariants(options, own))
      built.push({ ...each, runnable: { ...each.runnable, variant: `${variant} ${i}` } });
  }
  const { reports, images } = await evaluateBuilt(built, { set, options, threads }, job);
  const [fp32, ...others] = reports;
  const result: RepairResult = {
    variant,
    target: options.target,
    set: which,
    images,
    fp32: fp32 ? accuracyOf(fp32) : {},
    rows: choices.map((repairs, i) => ({
      repairs,
      ...rowOf(others[i]),
      ...((built[i + 1]?.warnings ?? []).length > 0 ? { biasesDropped: true } : {}),
    })),
    equalizedLayers,
    notEqualized: causesOf(layers),
    seconds: (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  };
  await saveRepair(workspace, result);
  return result;
}

/**
 * No repair, each one, and all combinations; smoothing only where its factors are better. They are searched for the
 * model with and without equalization.
 */
async function choicesOf(equalizes: boolean, spec: RepairSpec, job: JobContext): Promise<Repairs[]> {
  const choices: Repairs[] = [];
  for (const equalization of equalizes ? [false, true] : [false]) {
    const own: Repairs = equalization ? { equalization } : {};
    const { choice } = await findSmoothing(
      { ...spec, kind: 'smooth' },
      { ...job, workspace: withOnly(job.workspace, own) },
    );
    const smoothed = choice === undefined ? [] : [{ ...own, smoothing: choice.key }];
    for (const repairs of [own, ...smoothed]) choices.push(repairs, { ...repairs, biasCorrection: true });
  }
  const count = (repairs: Repairs): number => Object.keys(repairs).length;
  return choices.sort((a, b) => count(a) - count(b));
}

function withOnly({ path, file, cache }: Workspace, repairs: Repairs): Workspace {
  return workspaceOf(path, { ...file, plan: withRepairs(file.plan, repairs) }, cache);
}

async function equalizationOf(job: JobContext): Promise<readonly RescaledLayer[]> {
  const { workspace, services } = job;
  const { equalized } = await prepare(withOnly(workspace, { equalization: true }), services.compute, job);
  return equalized?.layers ?? [];
}

function accuracyOf(report: VariantReport): Pick<RepairRow, 'measure' | 'top1' | 'worstGroup'> {
  const worst = worstGroup(report);
  return {
    ...(report.measure === undefined ? {} : { measure: report.measure }),
    ...(report.top1 === undefined ? {} : { top1: report.top1 }),
    ...(worst === null ? {} : { worstGroup: worst }),
  };
}

function rowOf(report: VariantReport | undefined): Omit<RepairRow, 'repairs'> {
  if (!report) return {};
  const { agreement, outputSqnrDb } = report;
  return {
    ...accuracyOf(report),
    ...(agreement === undefined ? {} : { agreement }),
    ...(outputSqnrDb === undefined || !Number.isFinite(outputSqnrDb) ? {} : { outputSqnrDb }),
  };
}

function causesOf(layers: readonly RescaledLayer[]): RepairResult['notEqualized'] {
  const counts = new Map<string, number>();
  for (const { cause } of layers) if (cause !== undefined) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => ({ reason, layers: count }))
    .sort((a, b) => b.layers - a.layers || (a.reason < b.reason ? -1 : 1));
}
