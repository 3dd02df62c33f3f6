import type { Precision } from '../../../src-shared/domain/project/precision';

/** What tuning may decide. */
export interface TuningChoices {
  /** Compute layers that INT8 is possible for, in graph order. */
  readonly layers: readonly TunableLayer[];
  /** The project's plan for layers that tuning must not change, because accuracy decided them. */
  readonly fixed: Readonly<Record<string, Precision>>;
  /** The floating-point type of a layer that is not INT8. */
  readonly float: 'fp16' | 'fp32';
}

export interface TunableLayer {
  readonly layer: string;
  readonly op: string;
  /** The rules keep it in floating point for speed; INT8 must be asked for by name. */
  readonly isRefusedForSpeed: boolean;
  /** The reason of the rules. */
  readonly reason: string;
  /** Time of its INT8 kernel relative to the one in floating point, if both were measured in another engine. */
  readonly knownRatio?: number;
}
