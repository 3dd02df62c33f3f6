import { formatAccuracy, formatDb, formatMs, formatPoints } from '../../../src-shared/base/units';
import type {
  ReferenceLatency,
  SearchPlan,
  SearchResult,
  TrialQuality,
} from '../../../src-shared/domain/analysis/analysis';
import { formatMeasure, formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import { speedAgainst, type Timed } from '../../../src-shared/domain/runs/speed';
import { speedText } from '../../widgets/number-text';
import { t, type Language } from '../../i18n';
import { dropOf, type Measure, measureName, measureOf, referenceOf, valueOf, worstGroupDrop } from './plan-facts';

/** The name of a plan, such as `2 FP16 layers` or `all INT8`. */
export function planName(plan: Pick<SearchPlan, 'fp16Layers'>): string {
  return plan.fp16Layers.length === 0 ? t('search.plan.none') : t('search.plan', { count: plan.fp16Layers.length });
}

export function valueText(quality: TrialQuality, measure: Measure): string {
  const value = valueOf(quality, measure);
  if (value === null) return measure === 'sqnr' ? t('analysis.exact') : '–';
  if (measure === 'sqnr') return formatDb(value);
  return measure === 'agreement' ? formatAccuracy(value) : formatMeasure(measureName(quality), value);
}

/** The signed change relative to FP32; empty for SQNR, which has no points. */
export function changeText(quality: TrialQuality, fp32: TrialQuality, measure: Measure): string {
  const drop = dropOf(quality, fp32, measure);
  if (drop === null) return '';
  return measure === 'agreement' ? formatPoints(-drop) : formatMeasureDifference(measureName(fp32), -drop);
}

/** The change of the worst group, such as `night −1.20 pp`. */
export function groupChangeText(quality: TrialQuality, fp32: TrialQuality): string {
  const worst = worstGroupDrop(quality, fp32);
  if (worst === null) return '';
  return worst.drop <= 0
    ? t('search.noGroup')
    : t('analysis.group', { name: worst.group, value: formatMeasureDifference(measureName(fp32), -worst.drop) });
}

/** The latency as text; modelled latencies begin with a tilde. */
export function latencyText(plan: Pick<SearchPlan, 'latencyMs' | 'latencyKind'>): string {
  return `${plan.latencyKind === 'modelled' ? '~' : ''}${formatMs(plan.latencyMs)}`;
}

/**
 * The speed relative to a reference, such as `1.4x faster than FP32`; empty if the two latencies are not comparable.
 */
export function againstText(
  plan: Timed,
  result: Pick<SearchResult, 'references'>,
  variant: ReferenceLatency['variant'],
): string {
  const reference = referenceOf(result, variant, plan.latencyKind);
  const speed = reference === null ? null : speedAgainst(plan, reference);
  return speed === null ? '' : t(`search.against.${variant}`, { speed: speedText(speed) });
}

/** The speed relative to FP32, such as `1.4x faster`, for a column whose title names FP32. */
export function speedAgainstFp32(plan: Timed, result: Pick<SearchResult, 'references'>): string {
  const reference = referenceOf(result, 'fp32', plan.latencyKind);
  const speed = reference === null ? null : speedAgainst(plan, reference);
  return speed === null ? '–' : speedText(speed);
}

/** The reason why a plan should not be applied; null if no other plan is better in both latency and accuracy. */
export function dominanceText(
  { dominatedBy }: Pick<SearchPlan, 'dominatedBy'>,
  { plans }: Pick<SearchResult, 'plans'>,
): string | null {
  if (dominatedBy === undefined) return null;
  const other = dominatedBy === 'fp32' ? undefined : plans[dominatedBy];
  return other === undefined ? t('search.dominated.fp32') : t('search.dominated', { plan: planName(other) });
}

/** A one-line description of a plan, for its point in the chart. */
export function planSentence(plan: SearchPlan, result: SearchResult): string {
  const measure = measureOf(result);
  const parts = [
    valueText(plan.quality, measure),
    groupChangeText(plan.quality, result.fp32),
    latencyText(plan),
    againstText(plan, result, 'fp32'),
    t(plan.meetsLimit ? 'search.meets' : 'search.misses'),
    dominanceText(plan, result) ?? '',
  ];
  return `${planName(plan)}: ${parts.filter((part) => part !== '').join(', ')}`;
}

/**
 * The result of the search: in English the application's own sentence, in other languages a sentence made of its
 * numbers.
 */
export function verdictText(result: SearchResult, language: Language): string {
  if (language === 'en') return result.summary;
  const plan = result.chosen === null ? undefined : result.plans[result.chosen];
  return plan === undefined
    ? t('search.verdict.none', { count: result.plans.length })
    : t('search.verdict', { plan: planSentence(plan, result), count: result.plans.length });
}
