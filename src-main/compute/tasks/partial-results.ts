import type { SensitivityKind, SensitivityLayer } from '../../../src-shared/domain/analysis/analysis';
import {
  PARTIAL_ROWS,
  type PartialAuto,
  type PartialSearch,
  type PartialSensitivity,
} from '../../../src-shared/domain/analysis/partial';
import type { TensorDecision } from '../../analysis/auto';
import type { SearchedPlan } from '../../analysis/search';
import { sorted } from '../../analysis/sensitivity';

/** @param total number of layers that are measured. */
export function partialSensitivity(
  question: SensitivityKind,
  total: number,
): (layers: readonly SensitivityLayer[]) => PartialSensitivity {
  return (layers) => ({
    kind: 'sensitivity',
    question,
    measured: layers.length,
    total,
    layers: sorted(layers)
      .slice(0, PARTIAL_ROWS)
      .map(({ layer, op, score }) => ({ layer, op, score })),
  });
}

/** @param total number of tensors that thresholds are chosen for. */
export function partialAuto(total: number): (decision: TensorDecision) => PartialAuto {
  const changes: { tensor: string; method: NonNullable<TensorDecision['method']>; error: number }[] = [];
  let decided = 0;
  return ({ tensor, method, objective: error }) => {
    decided++;
    if (method !== null) changes.push({ tensor, method, error });
    return { kind: 'auto', decided, total, error, changes: changes.slice(-PARTIAL_ROWS) };
  };
}

export function partialSearch(): (plan: SearchedPlan) => PartialSearch {
  const plans: PartialSearch['plans'][number][] = [];
  return ({ fp16Layers, quality, meetsLimit }) => {
    const { nmse, agreement, measure } = quality;
    const own = { nmse, agreement, ...(measure === undefined ? {} : { measure }) };
    plans.push({ released: fp16Layers.length, quality: own, meetsLimit });
    return { kind: 'search', plans: plans.slice(-PARTIAL_ROWS) };
  };
}
