import { layerId } from '../../../src-shared/base/brand';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { DiagnoseSpec } from '../../../src-shared/contract/job-specs';
import type { DiagnosisResult, DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import type { ImageEntry, ImageSet } from '../../../src-shared/domain/project/image-set';
import { parseVariant, planOfVariant } from '../../../src-shared/domain/project/variant';
import { spread } from '../../analysis/choose-images';

import { analysisSetup } from '../analysis/analysis-setup';
import { saveAnalysis } from '../analysis/analysis-store';
import { bestActions, candidateChanges, clippedTensors } from '../analysis/diagnosis-changes';
import { summarizeDiagnosis, titleOf } from '../analysis/diagnosis-summary';
import { ensureBestFor } from '../analysis/needed-decisions';
import { collectHealth } from '../health/collect';
import type { JobContext } from '../job-context';
import { loadSet, shortHash } from '../projects/workspace';
import { needsThresholds } from '../variants/recipe';

/** Number of images if the specification does not say. */
export const DEFAULT_DIAGNOSIS_IMAGES = 128;
/** Number of clipping tensors that a result lists. */
const SHOWN_TENSORS = 12;
/** A tensor is listed if it clips at least this share of the images' values. */
const WORTH_NAMING = 0.001;

/**
 * Explains errors on the images of a group, class or confusion: which tensors clip them, and which single change of the
 * plan or of a threshold reduces the error most. Every change is measured.
 */
export async function diagnoseJob(spec: DiagnoseSpec, job: JobContext): Promise<DiagnosisResult> {
  const { workspace, services } = job;
  const name = parseVariant(spec.variant ?? 'mixed');
  if (!needsThresholds(name))
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
  const { model, target } = setup;
  const plan = planOfVariant(
    name,
    workspace.file.plan,
    model.graph.node.map((node) => layerId(node.name)),
  );
  const base = setup.base(plan, name.method ?? undefined);
  const ungrouped = { ...set, entries: entries.map((entry) => ({ ...entry, group: null })), groups: [], skipped: [] };
  const here = await collectHealth(ungrouped, 1, {
    job,
    threads: spec.threads,
    phase: 'collecting histograms',
  });
  const clipped = clippedTensors(base, here, setup);
  const changes = candidateChanges(base, clipped, setup, workspace);
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

/** The images of a subject; for a confusion all images of the class that is mistaken for another. */
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
