import type { Method } from '../project/methods';
import type { SensitivityKind, TrialQuality } from './analysis';

/** What an analysis has found so far. Every report contains all that is shown, so that reports may be dropped. */
export type PartialResult = PartialSensitivity | PartialAuto | PartialSearch;

/** The number of rows that a report contains at most. */
export const PARTIAL_ROWS = 24;

export interface PartialSensitivity {
  readonly kind: 'sensitivity';
  readonly question: SensitivityKind;
  readonly measured: number;
  readonly total: number;
  /** The measured layers that matter most, at most PARTIAL_ROWS; see SensitivityLayer. */
  readonly layers: readonly { readonly layer: string; readonly op: string; readonly score: number }[];
}

export interface PartialAuto {
  readonly kind: 'auto';
  readonly decided: number;
  readonly total: number;
  /** The error at the outputs with the thresholds so far, on the images that choose. */
  readonly error: number;
  /** The latest tensors whose method was changed, at most PARTIAL_ROWS, oldest first. */
  readonly changes: readonly { readonly tensor: string; readonly method: Method; readonly error: number }[];
}

export interface PartialSearch {
  readonly kind: 'search';
  /** The plans that were judged, in the order in which they were; at most PARTIAL_ROWS, the latest ones. */
  readonly plans: readonly {
    /** Number of layers in FP16. */
    readonly released: number;
    readonly quality: Pick<TrialQuality, 'nmse' | 'agreement' | 'measure'>;
    readonly meetsLimit: boolean;
  }[];
}
