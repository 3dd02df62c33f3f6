import { EMPTY_PLAN, TARGETS } from '../../src-shared/domain/precision';
import type { Model } from '../onnx/model';
import { placeQdq } from './quantize';

/**
 * The activations that any target may quantize under any plan, sorted: those that get Q/DQ, or lend their scale, when every
 * layer is INT8. A plan only takes Q/DQ away, so that nothing else ever needs a histogram.
 */
export function calibrationTensors(model: Model): string[] {
  const names = TARGETS.flatMap((target) => {
    const placement = placeQdq(model, EMPTY_PLAN, target);
    return [...placement.tensors.map(({ tensor }) => tensor), ...placement.groups.flatMap((group) => group.sources)];
  });
  return [...new Set(names)].sort();
}
