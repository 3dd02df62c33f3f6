import { formatAccuracy, formatCountOf, formatFixed, formatSignificant } from '../../../src-shared/base/units';
import {
  groupValue,
  type ReferenceLatency,
  type SearchPlan,
  type SearchResult,
  type TrialGroup,
  worstNmse,
} from '../../../src-shared/domain/analysis/analysis';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import { formatSpeed, slowerThan } from '../../../src-shared/domain/runs/speed';
import { nearest, type SearchOutcome } from '../../analysis/search';

/** One or two sentences about the chosen plan, or about the nearest one if no plan meets the limits. */
export function summarizeSearch(
  { method, images, chance }: SearchOutcome & { readonly images: number },
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
    return `${released} with ${thresholds}: ${answersOf(plan)}${where}.${chanceText(chance)}${slownessOf(plan, references)}`;
  }
  const best = nearest(plans);
  if (!best) return 'No plan was evaluated.';
  const text = `${formatCountOf(best.fp16Layers.length, 'layer')} in FP16: ${answersOf(best)}${where}`;
  return `No plan meets the limits with ${thresholds}; the nearest has ${text}.${chanceText(chance)}`;
}

/** A sentence for a plan that is slower than FP32 or FP16, with advice; empty for other plans. */
function slownessOf(plan: SearchPlan, references: readonly ReferenceLatency[]): string {
  const slower = slowerThan(plan, references);
  if (slower.length === 0) return '';
  const said = slower.map(({ variant, speed }) => `${formatSpeed(speed)} than ${variant.toUpperCase()}`).join(' and ');
  const kind = plan.latencyKind === 'modelled' ? ' by the model of the layers' : '';
  return ` It is ${said}${kind}: ${plan.dominatedBy === 'fp32' ? 'ship FP32' : 'compare before you ship it'}.`;
}

/** A sentence with the gain over all INT8 and its interval; empty if nothing was gained or nothing is known. */
function chanceText(chance: SearchResult['chance']): string {
  const gain = chance?.gainOverInt8 ?? null;
  if (chance === undefined || gain === null) return '';
  const [low, high] = gain.interval95;
  const sign = low > 0 ? '' : ', so that it may be chance';
  const points = (value: number): string => formatFixed(value, 2);
  return (
    ` Over all INT8 it gains ${points(gain.value)} points of ${chance.measure} ` +
    `(95 % interval over the choice of images: ${points(low)} to ${points(high)}${sign}).`
  );
}

function answersOf({ quality }: SearchPlan): string {
  const { measure, worstGroup, agreement } = quality;
  const group = (worst: TrialGroup): string =>
    `${worst.name} ${formatMeasure(measure?.name ?? 'top-1', groupValue(worst))}`;
  const parts = [
    ...(measure === undefined ? [] : [`${measure.name} ${formatMeasure(measure.name, measure.value)}`]),
    ...(worstGroup === null ? [] : [group(worstGroup)]),
    ...(measure !== undefined || agreement === null ? [] : [`${formatAccuracy(agreement)} answered as by FP32`]),
    `output error ${formatSignificant(worstNmse(quality))}`,
  ];
  return parts.join(', ');
}
