import type { RunEngines } from '../../../src-shared/domain/engines/stored-engines';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { LayerFormat, PlacementDecision } from '../../../src-shared/domain/project/precision';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';

export interface ReportThreshold {
  readonly thresholdReal: number;
  /** Of the values quantized with this threshold. */
  readonly sqnrDb: number;
  /** Share of values beyond the threshold, 0..1. */
  readonly clippedFraction: number;
}

/** The histogram of |x| of one tensor with every method's threshold. */
export interface ReportHistogram {
  /** Tensor name. */
  readonly name: string;
  /** Counts of x != 0 by |x|: bin i is [i * binWidthReal, (i + 1) * binWidthReal); may end at the last used bin. */
  readonly folded: Float64Array;
  readonly binWidthReal: number;
  /** max|x|, real units. */
  readonly amaxReal: number;
  /** Exact zeros; not in `folded`. */
  readonly zeroCount: number;
  /** A method without a result is absent. */
  readonly methods: Readonly<Partial<Record<Method, ReportThreshold>>>;
  /** The threshold in use: its method and what it does. */
  readonly method: Method;
  readonly chosen: ReportThreshold;
  /** The same tensor on each group of images, where the set has groups; same bin width. */
  readonly groups?: readonly { readonly name: string; readonly folded: Float64Array }[];
}

export interface ReportInput {
  readonly record: RunRecord;
  readonly histograms: readonly ReportHistogram[];
  /** Why each layer of the shipped variant got its precision; empty when unknown. */
  readonly decisions: readonly PlacementDecision<LayerFormat>[];
  /** The layers in the engines of the run; null or absent if they were not timed. */
  readonly engines?: RunEngines | null;
}
