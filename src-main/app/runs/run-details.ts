import { RUN_DETAILS_VERSION, type RunDetails } from '../../../src-shared/domain/runs/run-details';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import type { ShippedPlan } from '../jobs/report-input';

/** The thresholds and the precisions of the shipped variant. */
export function runDetails({ shipped }: RunRecord, { decisions, thresholds }: ShippedPlan): RunDetails {
  return {
    version: RUN_DETAILS_VERSION,
    variant: shipped[0] ?? '',
    thresholds,
    layers: decisions
      .filter(({ tensor }) => tensor === undefined)
      .map(({ layer, op, precision, code }) => ({ layer, op, precision, code })),
  };
}
