import { formatSignificant } from '../../../src-shared/base/units';
import {
  groupValue,
  worstNmse,
  type SearchPlan,
  type SearchResult,
} from '../../../src-shared/domain/analysis/analysis';
import { AGREEMENT, formatMeasure, formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import { t } from '../../i18n';
import { useSelection } from '../../state/selection';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { Button } from '../../widgets/button';
import { EmptyState } from '../../widgets/states';
import {
  adoptPlan,
  dropOf,
  isInUse,
  isJudgedByMeasure,
  measureLabel,
  measureName,
  measureOf,
  worstGroupDrop,
} from './plan-facts';
import { againstText, changeText, dominanceText, groupChangeText, latencyText, planName, valueText } from './plan-text';
import shared from './search.module.css';
import styles from './plan-inspector.module.css';
import analysisStyles from '../../panels/analysis/analysis.module.css';

/** One plan: its FP16 layers, its measured results, and the button that applies it to the project. */
export function PlanInspector({ plan, result }: { readonly plan: SearchPlan | null; readonly result: SearchResult }) {
  const isUsed = useSession(
    (state) =>
      plan !== null && state.project !== null && isInUse(state.project.file, { ...plan, method: result.method }),
  );
  if (plan === null) return <EmptyState title={t('search.inspector.none')} />;
  const dominance = dominanceText(plan, result);
  return (
    <div className={analysisStyles.panel}>
      <section className={analysisStyles.part}>
        <h2>{planName(plan)}</h2>
        <Facts plan={plan} result={result} />
        {dominance === null ? null : <p className={shared.missed}>{dominance}</p>}
        <Button
          tone="primary"
          disabled={isUsed || dominance !== null}
          onClick={() => adoptPlan({ ...plan, method: result.method })}
        >
          {t(isUsed ? 'search.inUse' : 'search.adopt.this')}
        </Button>
      </section>
      <LimitList plan={plan} result={result} />
      <Released plan={plan} result={result} />
    </div>
  );
}

function Facts({ plan, result }: { readonly plan: SearchPlan; readonly result: SearchResult }) {
  const measure = measureOf(result);
  const { worstGroup } = plan.quality;
  const facts: readonly (readonly [string, string])[] = [
    [
      measureLabel(result, 'analysis'),
      [valueText(plan.quality, measure), changeText(plan.quality, result.fp32, measure)]
        .filter((text) => text !== '')
        .join(' · '),
    ],
    [
      t('analysis.worstGroup'),
      worstGroup === null
        ? ''
        : t('analysis.group', {
            name: worstGroup.name,
            value: formatMeasure(plan.quality.measure?.name ?? 'top-1', groupValue(worstGroup)),
          }),
    ],
    [t('search.column.group'), groupChangeText(plan.quality, result.fp32)],
    [t('search.thresholds'), result.method === null ? t('search.thresholds.inUse') : t(`jobs.method.${result.method}`)],
    [t('analysis.sqnr'), measure === 'sqnr' ? '' : valueText(plan.quality, 'sqnr')],
  ];
  return (
    <dl className={styles.facts}>
      {facts
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      <div>
        <dt>{t('search.column.latency')}</dt>
        <dd
          className={plan.latencyKind === 'modelled' ? 'number modelled' : 'number'}
          title={t(`search.latency.${plan.latencyKind}`)}
        >
          {latencyText(plan)}
        </dd>
      </div>
      {(['fp32', 'fp16'] as const).map((variant) => {
        const text = againstText(plan, result, variant);
        return text === '' ? null : (
          <div key={variant}>
            <dt>{t('search.column.speed')}</dt>
            <dd>{text}</dd>
          </div>
        );
      })}
    </dl>
  );
}

function LimitList({ plan, result }: { readonly plan: SearchPlan; readonly result: SearchResult }) {
  const { limits, fp32 } = result;
  // Without labelled validation images plans are judged by agreement and output error.
  const isLabelled = isJudgedByMeasure(result);
  const drop = dropOf(plan.quality, fp32, isLabelled ? measureOf(result) : 'agreement');
  const measure = isLabelled ? measureName(fp32) : AGREEMENT;
  const group = worstGroupDrop(plan.quality, fp32);
  const error = worstNmse(plan.quality);
  const lines = [
    ...(drop === null
      ? []
      : [
          {
            key: 'drop',
            isMet: drop <= limits.maxDrop,
            text: t(drop < 0 ? 'search.limit.gain' : 'search.limit.drop', {
              value: points(drop, measure),
              limit: points(limits.maxDrop, measure),
            }),
          },
        ]),
    ...(group === null || !isLabelled
      ? []
      : [
          {
            key: 'group',
            isMet: group.drop <= limits.maxWorstGroupDrop,
            text: t(group.drop < 0 ? 'search.limit.groupGain' : 'search.limit.group', {
              group: group.group,
              value: points(group.drop, measure),
              limit: points(limits.maxWorstGroupDrop, measure),
            }),
          },
        ]),
    ...(isLabelled
      ? []
      : [
          {
            key: 'error',
            isMet: error <= limits.maxNmse,
            text: t('search.limit.error', {
              value: formatSignificant(error),
              limit: formatSignificant(limits.maxNmse),
            }),
          },
        ]),
    ...(limits.maxLayers === null
      ? []
      : [
          {
            key: 'layers',
            isMet: plan.fp16Layers.length <= limits.maxLayers,
            text: t('search.limit.layers', { count: plan.fp16Layers.length, limit: limits.maxLayers }),
          },
        ]),
  ];
  if (lines.length === 0) return null;
  return (
    <section className={analysisStyles.part}>
      <h3>{t('search.limits')}</h3>
      <ul className={styles.limits} data-testid="plan-limits">
        {lines.map((line) => (
          <li
            key={line.key}
            className={line.isMet ? shared.met : shared.missed}
            data-state={line.isMet ? 'met' : 'missed'}
          >
            <span aria-hidden="true">{line.isMet ? '✓' : '✗'}</span> <span>{line.text}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The absolute value without a sign, because the sentence says whether it is a gain or a drop. */
function points(value: number, measure: string): string {
  return formatMeasureDifference(measure, Math.abs(value)).replace(/^\+/, '');
}

function Released({ plan, result }: { readonly plan: SearchPlan; readonly result: SearchResult }) {
  const select = useSelection((state) => state.select);
  const openScreen = useView((state) => state.openScreen);
  const ranks = new Map(result.ranking.map((entry, index) => [entry.layer, index + 1]));
  if (plan.fp16Layers.length === 0) return null;
  return (
    <section className={analysisStyles.part}>
      <h3>{t('search.released')}</h3>
      <ul className={styles.released}>
        {plan.fp16Layers.map((layer) => {
          const rank = ranks.get(layer);
          return (
            <li key={layer}>
              <button
                type="button"
                className={styles.layer}
                title={t('search.released.open', { layer })}
                onClick={() => {
                  select({ layer, tensor: null });
                  openScreen('precision');
                }}
              >
                {layer}
              </button>
              {rank === undefined ? null : <span className="dim">{t('search.released.rank', { rank })}</span>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
