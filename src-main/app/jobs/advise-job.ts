import type { AdviseSpec } from '../../../src-shared/contract/job-specs';
import { type TrialQuality, worstNmse } from '../../../src-shared/domain/analysis/analysis';
import {
  HELPS_DB,
  type AdviceResult,
  type MeasuredProposal,
  type StructureProposal,
} from '../../../src-shared/domain/analysis/structure-advice';
import { chooseImages } from '../../analysis/choose-images';
import { releasedPlan } from '../../../src-shared/domain/project/precision';
import { rankableDb } from '../../analysis/sensitivity';
import { type Trial } from '../../analysis/trials';
import { graphMacs } from '../../onnx/graph/layer-macs';
import type { Model } from '../../onnx/graph/model';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { structureAdvice } from '../../quantization/rules/structure-advice';
import { analysisSetup, type AnalysisSetup } from '../analysis/analysis-setup';
import { saveAnalysis } from '../analysis/analysis-store';
import { ensureBestFor } from '../analysis/needed-decisions';
import type { JobContext } from '../job-context';
import { loadSet, rangesOf, type Workspace } from '../projects/workspace';

/** Number of images if the specification does not say. */
export const DEFAULT_ADVICE_IMAGES = 64;

/**
 * Proposes layers that are worth more than INT8 because of the structure of the network, and measures every proposal
 * on the same images against the project's plan as it is. Changes nothing.
 */
export async function adviseJob(spec: AdviseSpec, job: JobContext): Promise<AdviceResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  const which = spec.set ?? 'calibration';
  await ensureBestFor(
    { variants: ['mixed'], target: spec.target ?? workspace.file.target, threads: spec.threads },
    job,
  );
  const setup = await analysisSetup(spec, job);
  const { model, calibration, target } = setup;
  const { plan } = workspace.file;
  const proposals = proposalsFor(workspace, { model, calibration, target });
  const set = await loadSet(workspace, which, undefined);
  const entries = chooseImages(set.entries, spec.limit ?? DEFAULT_ADVICE_IMAGES);
  const list = [setup.base(plan), ...proposals.map(({ layers }): Trial => setup.base(releasedPlan(plan, layers)))];
  const measured = await services.compute.request(
    'evaluateCandidates',
    { phase: 'trying models', list, trials: await setup.trials([{ set, entries }]) },
    job,
  );
  const [baseline, ...qualities] = measured.qualities;
  if (!baseline) throw new Error('Assertion failed: no quality of the plan');
  const result: AdviceResult = {
    target,
    set: which,
    images: entries.length - measured.skipped.length,
    baseline,
    proposals: proposals
      .flatMap((proposal, i) => {
        const quality = qualities[i];
        return quality ? [judged(proposal, { quality, baseline, model })] : [];
      })
      .sort((a, b) => b.gainDb - a.gainDb),
    passes: measured.passes,
    seconds: (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  };
  await saveAnalysis(workspace, 'advice', 'advice', result);
  return result;
}

/** What the structure suggests for the project's plan as it is. */
export function proposalsFor(
  { file: { plan } }: Pick<Workspace, 'file'>,
  { model, calibration, target }: Pick<AnalysisSetup, 'model' | 'calibration' | 'target'>,
): readonly StructureProposal[] {
  // Layers that the plan has released already read nothing quantized.
  const releasable = quantizedParts(model, plan, target).layers.map(({ name }) => name);
  return structureAdvice(graphFacts(model), rangesOf(calibration), releasable);
}

interface Judged {
  readonly quality: TrialQuality;
  readonly baseline: TrialQuality;
  readonly model: Model;
}

function judged(proposal: StructureProposal, { quality, baseline, model }: Judged): MeasuredProposal {
  const gainDb = worstDb(quality) - worstDb(baseline);
  const macs = graphMacs(model.graph);
  const layers = new Set(proposal.layers);
  const released = model.graph.node.reduce(
    (sum, node) => sum + (layers.has(node.name) ? (macs.ofNode.get(node) ?? 0) : 0),
    0,
  );
  return {
    ...proposal,
    quality,
    gainDb,
    macsShare: macs.total === null || macs.total === 0 ? null : released / macs.total,
    helps: gainDb >= HELPS_DB,
  };
}

/** SQNR of the worst group, or of all images without groups. */
function worstDb(quality: TrialQuality): number {
  const nmse = worstNmse(quality);
  return rankableDb(nmse > 0 ? -10 * Math.log10(nmse) : null);
}
