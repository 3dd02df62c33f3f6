import { EMPTY_PLAN, TARGETS, type PrecisionPlan } from '../../src-shared/domain/precision';
import type { Model } from '../onnx/model';
import type { Placement } from './placement';
import { placeQdq } from './quantize';

/**
 * The activations that any target may quantize under any plan, sorted: those that get Q/DQ, or lend their scale, when every
 * layer is INT8, by default and where a plan asks for it. Other plans only take Q/DQ away, so that nothing else ever needs a
 * histogram.
 */
export function calibrationTensors(model: Model): string[] {
  const asked: PrecisionPlan = { layers: Object.fromEntries(model.graph.node.map((node) => [node.name, 'int8'])), attention: 'int8' };
  const placements: Placement[] = [...TARGETS.map((target) => placeQdq(model, EMPTY_PLAN, target)), placeQdq(model, asked, 'tensorrt')];
  const names = placements.flatMap((placement) => [...placement.tensors.map(({ tensor }) => tensor), ...placement.groups.flatMap((group) => group.sources)]);
  return [...new Set(names)].sort();
}
