import { releasedPlan } from '../../../src-shared/domain/project/precision';
import { ownValue } from '../../../src-shared/base/records';
import type { DiagnosisAction, TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import { evaluateThreshold } from '../../../src-shared/domain/histograms/quantization-error';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { Trial } from '../../analysis/trials';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import type { Workspace } from '../projects/workspace';
import type { AnalysisSetup } from './analysis-setup';
import { autoCandidates } from './auto-thresholds';
import { describeAction, type ClippedTensor } from './diagnosis-summary';

/** Number of tensors for which other thresholds are evaluated. */
export const TRIED_TENSORS = 6;
/** Number of changes that a result lists. */
const SHOWN_ACTIONS = 6;
/** A change must reduce the output error by at least this share. */
const MIN_GAIN = 0.05;

/**
 * Every quantized tensor with the shares (0..1) of values that its threshold clips: of the images in question (`here`),
 * and of the calibration set (`elsewhere`). The tensor that clips most of the images in question comes first.
 */
export function clippedTensors(
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

/** A single change of a plan or a threshold, and the trial that evaluates it. */
interface Change {
  readonly action: Pick<DiagnosisAction, 'kind' | 'name' | 'precision' | 'method'>;
  readonly trial: Trial;
}

/**
 * Candidate changes: each INT8 layer in FP16, and for the tensors that clip most the larger thresholds of other
 * methods.
 */
export function candidateChanges(
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

/** The changes that reduce the error most; of several thresholds for one tensor only the best. */
export function bestActions(
  changes: readonly Change[],
  before: TrialQuality,
  after: readonly TrialQuality[],
): DiagnosisAction[] {
  const helping = changes
    .flatMap(({ action }, i) => {
      const quality = after[i];
      // A change that loses correct answers is no improvement, even if it reduces the error.
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
