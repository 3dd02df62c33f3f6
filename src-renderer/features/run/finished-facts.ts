import type {
  BenchResult,
  BuildResult,
  CalibrateResult,
  JobResult,
  QuantizeResult,
  RunResult,
  ValidateResult,
  Warning,
} from '../../../src-shared/contract/job-results';
import type { TableRow } from '../../../src-shared/domain/runs/run-record';
import { buildTable } from '../../../src-shared/domain/runs/run-table';

/** A finished job, by the kind of its result. */
export type Finished =
  | { readonly kind: 'run'; readonly result: RunResult }
  | { readonly kind: 'calibrate'; readonly result: CalibrateResult }
  | { readonly kind: 'validate'; readonly result: ValidateResult }
  | { readonly kind: 'bench'; readonly result: BenchResult }
  | { readonly kind: 'build'; readonly result: BuildResult }
  | { readonly kind: 'quantize'; readonly result: QuantizeResult }
  | { readonly kind: 'other' };

export function finishedOf(result: JobResult): Finished {
  if ('runId' in result) return { kind: 'run', result };
  if ('imagesPerSecond' in result) return { kind: 'calibrate', result };
  if ('labelled' in result) return { kind: 'validate', result };
  if ('rounds' in result) return { kind: 'bench', result };
  if ('nodes' in result) return { kind: 'quantize', result };
  return 'engines' in result ? { kind: 'build', result } : { kind: 'other' };
}

/** The table rows of a finished job. */
export function rowsOf(finished: Finished): readonly TableRow[] {
  switch (finished.kind) {
    case 'run':
      return finished.result.record.table;
    case 'validate':
      return buildTable({ validation: finished.result, benchmark: null });
    case 'bench':
      return buildTable({ validation: null, benchmark: finished.result });
    case 'calibrate':
    case 'build':
    case 'quantize':
    case 'other':
      return [];
  }
}

export function warningsOf(finished: Finished): readonly Warning[] {
  switch (finished.kind) {
    case 'run':
      return finished.result.record.warnings;
    case 'calibrate':
    case 'validate':
    case 'bench':
    case 'quantize':
      return finished.result.warnings;
    case 'build':
    case 'other':
      return [];
  }
}
