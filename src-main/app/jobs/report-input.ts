import { amaxOf, binWidthOf, type TensorHistogram } from '../../../src-shared/domain/histograms/histogram';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { evaluateThreshold } from '../../../src-shared/domain/histograms/quantization-error';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdTable } from '../../calibration/histograms/threshold-table';
import type { ReportHistogram, ReportInput, ReportThreshold } from '../../runs/report/input';
import type { JobContext } from '../job-context';
import { withKnownBiases } from '../variants/bias-correction';
import { openCalibration, prepared, type Workspace } from '../projects/workspace';
import { variantRecipe } from '../variants/recipe';

/**
 * The data of a report that are not in the run record: histograms with thresholds, and the decisions of the shipped
 * plan.
 */
export async function reportInput(record: RunRecord, job: JobContext): Promise<ReportInput & ShippedPlan> {
  const { workspace } = job;
  const calibration = await openCalibration(workspace);
  return { record, histograms: histograms(calibration, workspace), ...(await shippedPlan(record, calibration, job)) };
}

/** What the shipped variant was made of. */
export interface ShippedPlan {
  readonly decisions: ReportInput['decisions'];
  /** Tensor -> threshold, real units. */
  readonly thresholds: Readonly<Record<string, number>>;
}

function histograms(calibration: StoredCalibration, workspace: Workspace): ReportHistogram[] {
  return thresholdTable(calibration, workspace.file).tensors.map((row) => {
    const total = calibration.total(row.name);
    const groups = Object.entries(calibration.groups(row.name)).filter(([name]) => name !== '');
    const costOf = (thresholdReal: number): ReportThreshold => {
      const cost = evaluateThreshold(total, thresholdReal);
      return { thresholdReal, sqnrDb: cost.sqnrDb, clippedFraction: cost.clippedFraction };
    };
    const methods = Object.entries(row.methods).map(
      ([method, threshold]) => [method as Method, costOf(threshold)] as const,
    );
    return {
      name: row.name,
      folded: foldSides(total, total.exponent),
      binWidthReal: binWidthOf(total),
      amaxReal: amaxOf(total),
      zeroCount: total.zeroCount,
      methods: Object.fromEntries(methods),
      method: row.method,
      chosen: costOf(row.threshold),
      ...(groups.length > 1
        ? { groups: groups.map(([name, histogram]) => ({ name, folded: foldSides(histogram, total.exponent) })) }
        : {}),
    };
  });
}

/** Counts of |x| per bin, on the grid of an exponent that is at least that of the histogram. */
function foldSides(histogram: TensorHistogram, exponent: number): Float64Array {
  const folded = new Float64Array(histogram.positive.length);
  const step = 2 ** (exponent - histogram.exponent);
  for (const [i, count] of histogram.positive.entries()) {
    const bin = Math.floor(i / step);
    folded[bin] = (folded[bin] ?? 0) + count + (histogram.negative[i] ?? 0);
  }
  return folded;
}

async function shippedPlan(record: RunRecord, calibration: StoredCalibration, job: JobContext): Promise<ShippedPlan> {
  const { workspace, services } = job;
  const shipped = record.shipped[0];
  if (shipped === undefined) return { decisions: [], thresholds: {} };
  const { target, other } = record.options;
  const options = { target, activationType: other['activations'] === 'uint8' ? 'uint8' : 'int8' } as const;
  const model = await prepared(workspace, services.compute, job);
  const recipe = withKnownBiases(variantRecipe(parseVariant(shipped), { options, workspace, model, calibration }), job);
  const result = await services.compute.request(
    'rewrite',
    { ...recipe, purpose: 'engine', outPath: null, materialize: false },
    job,
  );
  return { decisions: result.decisions, thresholds: recipe.thresholds };
}
