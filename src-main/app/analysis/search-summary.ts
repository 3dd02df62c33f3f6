import { formatAccuracy, formatCountOf, formatSignificant } from '../../../src-shared/base/units';
import type { ReferenceLatency, SearchPlan, SearchResult } from '../../../src-shared/domain/analysis/analysis';
import { formatSpeed, slowerThan } from '../../../src-shared/domain/runs/speed';
import type { SearchOutcome } from '../../analysis/search';
import { worstNmse } from '../../analysis/trials';

/** One or two sentences about the chosen plan, or about the nearest one if no plan meets the limits. */
export function summarizeSearch(
  { method, images }: SearchOutcome & { readonly images: number },
  plans: readonly SearchPlan[],
  { chosen, judgedOn, references }: Pick<SearchResult, 'chosen' | 'judgedOn' | 'references'>,
): string {
  // Thresholds were chosen on calibration images: the reader must know that top-1 was measured on them.
  const where = judgedOn === 'calibration' ? ` on ${formatCountOf(images, 'calibration image')}` : '';
  const thresholds = method === null ? 'the thresholds in use' : `the thresholds of ${method}`;
  const plan = chosen === null ? undefined : plans[chosen];
  if (plan) {
    const released =
      plan.fp16Layers.length === 0
        ? 'No layer has to leave INT8'
        : `${formatCountOf(plan.fp16Layers.length, 'layer')} in FP16`;
    return `${released} with ${thresholds}: ${answersOf(plan)}${where}.${slownessOf(plan, references)}`;
  }
  const best = plans.reduce<SearchPlan | null>(
    (found, own) => (found !== null && worstNmse(found.quality) <= worstNmse(own.quality) ? found : own),
    null,
  );
  if (!best) return 'No plan was evaluated.';
  const nearest = `${formatCountOf(best.fp16Layers.length, 'layer')} in FP16: ${answersOf(best)}${where}`;
  return `No plan meets the limits with ${thresholds}; the nearest has ${nearest}.`;
}

/** A sentence for a plan that is slower than FP32 or FP16, with advice; empty for other plans. */
function slownessOf(plan: SearchPlan, references: readonly ReferenceLatency[]): string {
  const slower = slowerThan(plan, references);
  if (slower.length === 0) return '';
  const said = slower.map(({ variant, speed }) => `${formatSpeed(speed)} than ${variant.toUpperCase()}`).join(' and ');
  const kind = plan.latencyKind === 'modelled' ? ' by the model of the layers' : '';
  return ` It is ${said}${kind}: ${plan.dominatedBy === 'fp32' ? 'ship FP32' : 'compare before you ship it'}.`;
}

function answersOf({ quality }: SearchPlan): string {
  const parts = [
    ...(quality.top1 === null ? [] : [`top-1 ${formatAccuracy(quality.top1)}`]),
    ...(quality.worstGroup === null ? [] : [`${quality.worstGroup.name} ${formatAccuracy(quality.worstGroup.top1)}`]),
    ...(quality.top1 !== null || quality.agreement === null
      ? []
      : [`${formatAccuracy(quality.agreement)} answered as by FP32`]),
    `output error ${formatSignificant(worstNmse(quality))}`,
  ];
  return parts.join(', ');
}
