import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import type { DiagnoseSpec } from '../../../src-shared/contract/job-specs';
import type {
  DiagnosisAction,
  DiagnosisResult,
  DiagnosisSubject,
  TrialQuality,
} from '../../../src-shared/domain/analysis/analysis';
import type { ImageEntry, ImageSet } from '../../../src-shared/domain/project/image-set';
import type { Method } from '../../../src-shared/domain/project/methods';
import { evaluateThreshold } from '../../../src-shared/domain/histograms/quantization-error';
import { parseVariant, planOfVariant } from '../../../src-shared/domain/project/variant';
import { layerId } from '../../../src-shared/base/brand';
import { spread } from '../../analysis/choose-images';
import { releasedPlan } from '../../analysis/sensitivity';
import type { Trial } from '../../analysis/trials';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import { saveAnalysis } from '../analysis/analysis-store';
import { collectHealth } from '../health/collect';
import { describeAction, summarizeDiagnosis, titleOf, type ClippedTensor } from '../analysis/diagnosis-summary';
import { loadSet, shortHash, type Workspace } from '../projects/workspace';
import { analysisSetup, type AnalysisSetup } from '../analysis/analysis-setup';
import type { JobContext } from '../job-context';
import { autoCandidates } from '../analysis/auto-thresholds';
import { ensureBestFor } from '../analysis/needed-decisions';
import { needsCalibration } from '../variants/recipe';

export const DEFAULT_DIAGNOSIS_IMAGES = 128;
/** Tensors whose other thresholds are tried. */
export const TRIED_TENSORS = 6;
const SHOWN_TENSORS = 12;
const SHOWN_ACTIONS = 6;
/** A tensor that clips at least this share of the images' values is named. */
const WORTH_NAMING = 0.001;
/** A change must take at least this share of the output error away. */
const MIN_GAIN = 0.05;

/** What clips the images of a group, class or confusion, and which single change wins their answers back: every change is measured. */
export async function diagnoseJob(spec: DiagnoseSpec, job: JobContext): Promise<DiagnosisResult> {
  const { workspace, services } = job;
  const name = parseVariant(spec.variant ?? 'mixed');
  if (!needsCalibration(name))
    throw new WorkbenchError('usage', `Expected a variant with INT8 layers, found "${name.text}"`);
  await ensureBestFor(
    { variants: [name.text], target: spec.target ?? workspace.file.target, threads: spec.threads },
    job,
  );
  const setup = await analysisSetup(spec, job);
  const set = await loadSet(workspace, 'validation', undefined);
  const entries = spread(entriesOf(spec.subject, set), spec.limit ?? DEFAULT_DIAGNOSIS_IMAGES);
  const title = titleOf(spec.subject, set.classNames);
  if (entries.length === 0)
    throw new WorkbenchError('not-found', `The validation set ${set.root} has no images of ${title}`);
  const { model, calibration, target } = setup;
  const plan = planOfVariant(
    name,
    workspace.file.plan,
    model.graph.node.map((node) => layerId(node.name)),
  );
  const base: Trial = {
    plan,
    thresholds: thresholdsInUse(calibration, { ...workspace.file, target }, name.method ?? undefined),
  };
  const ungrouped = { ...set, entries: entries.map((entry) => ({ ...entry, group: null })), groups: [], skipped: [] };
  const here = await collectHealth(ungrouped, 1, {
    job,
    threads: spec.threads,
    phase: 'collecting histograms',
  });
  const clipped = clippedTensors(base, here, setup);
  const changes = changesOf(base, clipped, setup, workspace);
  const { qualities, reference } = await services.compute.request(
    'evaluateCandidates',
    {
      phase: 'trying models',
      list: [base, ...changes.map(({ trial }) => trial)],
      trials: await setup.trials([{ set, entries }]),
    },
    job,
  );
  const [before, ...after] = qualities;
  if (!before) throw new Error('Assertion failed: no quality of the variant');
  const result: DiagnosisResult = {
    variant: name.text,
    target,
    subject: spec.subject,
    title,
    images: entries.length,
    clipped: clipped.filter(({ clippedFraction }) => clippedFraction >= WORTH_NAMING).slice(0, SHOWN_TENSORS),
    actions: bestActions(changes, before, after),
    summary: '',
    createdAt: new Date().toISOString(),
  };
  const told = { ...result, summary: summarizeDiagnosis(result, before, reference) };
  await saveAnalysis(
    workspace,
    'diagnosis',
    `diagnosis-${shortHash({ subject: spec.subject, variant: name.text, target })}`,
    told,
  );
  return told;
}

/** Of a confusion: all images of the class that is read as another. */
function entriesOf(subject: DiagnosisSubject, { entries }: ImageSet): ImageEntry[] {
  switch (subject.kind) {
    case 'group':
      return entries.filter(({ group }) => group === subject.group);
    case 'class':
      return entries.filter(({ label }) => label === subject.label);
    case 'confusion':
      return entries.filter(({ label }) => label === subject.from);
  }
}

/** Every quantized tensor with the share of values that its threshold clips, `here` and over the calibration set, the largest first. */
function clippedTensors(
  { plan, thresholds }: Trial,
  here: StoredCalibration,
  { model, target, calibration }: AnalysisSetup,
): ClippedTensor[] {
  const share = (histograms: StoredCalibration, tensor: string, threshold: number): number =>
    evaluateThreshold(histograms.total(tensor), threshold).clippedFraction;
  const found = quantizedParts(model, plan, target).tensors.map((tensor): ClippedTensor => {
    const threshold = ownValue(thresholds, tensor) ?? 0;
    return {
      tensor,
      threshold,
      clippedFraction: share(here, tensor, threshold),
      elsewhere: share(calibration, tensor, threshold),
    };
  });
  return found.sort((a, b) => b.clippedFraction - a.clippedFraction);
}

interface Change {
  readonly action: Pick<DiagnosisAction, 'kind' | 'name' | 'precision' | 'method'>;
  readonly trial: Trial;
}

/** Each INT8 layer released; each other method's threshold where most is clipped. */
function changesOf(
  base: Trial,
  clipped: readonly ClippedTensor[],
  setup: AnalysisSetup,
  workspace: Workspace,
): Change[] {
  const { layers } = quantizedParts(setup.model, base.plan, setup.target);
  const releases = layers.map(({ name }): Change => ({
    action: { kind: 'release', name, precision: 'fp16' },
    trial: { ...base, plan: releasedPlan(base.plan, [name]) },
  }));
  const methods = Object.entries(autoCandidates(setup.calibration, workspace.file)) as [
    Method,
    Record<string, number>,
  ][];
  const switches = clipped.slice(0, TRIED_TENSORS).flatMap(({ tensor, threshold }) => {
    const wider = methods.flatMap(([method, thresholds]) =>
      (ownValue(thresholds, tensor) ?? 0) > threshold * 1.001
        ? [{ method, threshold: ownValue(thresholds, tensor) ?? 0 }]
        : [],
    );
    const tried = wider.filter((own, i) => wider.findIndex((other) => other.threshold === own.threshold) === i);
    return tried.map((own): Change => ({
      action: { kind: 'threshold', name: tensor, method: own.method },
      trial: { ...base, thresholds: { ...base.thresholds, [tensor]: own.threshold } },
    }));
  });
  return [...switches, ...releases];
}

/** Of the changes that help, those that help most; of one tensor's thresholds the best. */
function bestActions(
  changes: readonly Change[],
  before: TrialQuality,
  after: readonly TrialQuality[],
): DiagnosisAction[] {
  const helping = changes
    .flatMap(({ action }, i) => {
      const quality = after[i];
      // Less error that costs right answers is no help.
      const costs = (quality?.top1 ?? 100) < (before.top1 ?? 0);
      return quality && !costs && quality.nmse < before.nmse * (1 - MIN_GAIN) ? [{ action, quality }] : [];
    })
    .sort((a, b) => a.quality.nmse - b.quality.nmse);
  const seen = new Set<string>();
  return helping
    .filter(({ action }) => {
      const key = `${action.kind} ${action.name}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, SHOWN_ACTIONS)
    .map(({ action, quality }) => ({
      ...action,
      before,
      after: quality,
      sentence: describeAction(action, before, quality),
    }));
}
