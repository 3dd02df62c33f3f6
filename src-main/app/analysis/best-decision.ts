import { WorkbenchError } from '../../../src-shared/base/errors';
import type { BestDecision } from '../../../src-shared/domain/analysis/best-method';
import {
  HISTOGRAM_METHODS,
  isHistogramMethod,
  UNDECIDED_METHOD,
  type HistogramMethod,
} from '../../../src-shared/domain/project/methods';
import type { Target } from '../../../src-shared/domain/project/precision';
import { rankSingles } from '../../analysis/best-method';
import {
  addBestDecision,
  findBest,
  findMeasured,
  thresholdsHash,
  type BestChoices,
} from '../../calibration/histograms/best-decisions';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { JobContext } from '../job-context';
import { openCalibration, type Workspace } from '../projects/workspace';
import { measureCosts } from './best-measurement';

export interface BestOptions {
  /** The project's target if absent. */
  readonly target?: Target | undefined;
  /** Threads of the measurement; one per core if absent. */
  readonly threads?: number | undefined;
  /** Decide again, even if a current decision is stored. */
  readonly fresh?: boolean;
}

/**
 * Decides which histogram method the method `best` stands for, with the project's plan and this target, unless a
 * current decision is stored. If the project's own thresholds are not those of a single method, their cost is measured
 * too, so that they can be compared. If nothing can be measured, the decision is minmax and states the reason.
 * @throws WorkbenchError calibration-missing, cancelled
 */
export async function decideBestMethod(options: BestOptions, job: JobContext): Promise<BestDecision> {
  const { workspace } = job;
  const calibration = await openCalibration(workspace);
  const { index } = calibration;
  const target = options.target ?? workspace.file.target;
  const choices: BestChoices & Workspace['file'] = { ...workspace.file, target };
  const stored = calibration.bestDecisions();
  const view = findBest(stored, choices);
  const decided = view?.isCurrent === true && options.fresh !== true ? view.decision : null;
  const own = ownThresholds(calibration, choices);
  const isOwnMeasured = own === null || findMeasured(stored, choices, own) !== undefined;
  if (decided && (isOwnMeasured || decided.singles.length === 0)) return decided;

  const startedAt = performance.now();
  const methods = decided ? [] : HISTOGRAM_METHODS;
  const candidates = [
    ...methods.map((method) => thresholdsInUse(calibration, choices, method)),
    ...(isOwnMeasured ? [] : [own]),
  ];
  const measured = await measureCosts({ candidates, calibration, target, threads: options.threads }, job);
  const dir = workspace.paths.calibrationDir(index.key);
  const ownCost = isOwnMeasured ? undefined : measured.costs[methods.length];
  const ownEntry = ownCost && own ? { measured: { thresholds: thresholdsHash(own), cost: ownCost } } : {};
  if (decided) {
    await addBestDecision(dir, choices, ownEntry);
    return decided;
  }
  const ranked = rankSingles(
    methods.flatMap((method, i) => (measured.costs[i] ? [{ method, ...measured.costs[i] }] : [])),
  );
  const decision: BestDecision = {
    chosenMethod: chosenMethod(ranked),
    target,
    singles: ranked,
    images: measured.images,
    wantedImages: measured.wantedImages,
    groups: index.groups,
    limitedByTime: measured.limitedByTime,
    seconds: (performance.now() - startedAt) / 1000,
    ...(measured.problem === undefined ? {} : { problem: measured.problem }),
    createdAt: new Date().toISOString(),
  };
  await addBestDecision(dir, choices, { decision, ...ownEntry });
  return decision;
}

/** The best of the ranked methods; the default if none was measured or all of them make outputs that are not finite. */
function chosenMethod([first]: BestDecision['singles']): HistogramMethod {
  return first === undefined || first.nmse === null ? UNDECIDED_METHOD : first.method;
}

/** The project's thresholds if they are not those of one histogram method for all tensors, else null. */
export function ownThresholds(calibration: StoredCalibration, file: Workspace['file']): Record<string, number> | null {
  const isSingle = file.method === 'best' || isHistogramMethod(file.method);
  if (isSingle && Object.keys(file.tensorMethods).length === 0) return null;
  try {
    return thresholdsInUse(calibration, file);
  } catch (error) {
    // The threshold of a tensor is missing. The step that needs it reports that.
    if (error instanceof WorkbenchError && error.code === 'calibration-missing') return null;
    throw error;
  }
}
