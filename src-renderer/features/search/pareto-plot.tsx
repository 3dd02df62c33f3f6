import { useMemo, useRef } from 'react';
import type { SearchResult } from '../../../src-shared/domain/analysis/analysis';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { Plot } from '../../widgets/plot/plot';
import { useElementSize } from '../../widgets/plot/use-element-size';
import { ACCURACY_PANEL, paretoFigure, pixelFromPoint, planPoints, shownLatency } from './pareto-figure';
import { measureLabel, referenceOf } from './plan-facts';
import { latencyText, planSentence } from './plan-text';
import styles from './pareto-plot.module.css';

const MARKS = {
  front: styles.markFront,
  measured: styles.markMeasured,
  modelled: styles.markModelled,
  chosen: styles.markChosen,
  limit: styles.markLimit,
  fp32: styles.markFp32,
};

interface ParetoPlotProps {
  readonly result: SearchResult;
  /** The index of the selected plan. */
  readonly selected: number | null;
  readonly onSelect: (index: number) => void;
}

/** Accuracy against latency of every plan; each point is a button. */
export function ParetoPlot({ result, selected, onSelect }: ParetoPlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const size = useElementSize(box);
  const points = useMemo(() => planPoints(result), [result]);
  const figure = useMemo(() => {
    return paretoFigure(result, {
      latency: t(`search.axis.latency.${shownLatency(result)}`),
      value: measureLabel(result, 'search.axis'),
      groupChange: t('search.axis.group'),
    });
  }, [result]);
  const selectedPoint = points.find((point) => point.index === selected);
  const guide =
    selectedPoint === undefined
      ? null
      : pixelFromPoint(figure, size, ACCURACY_PANEL, { x: selectedPoint.latencyMs, y: selectedPoint.value });
  return (
    <section className={styles.root} aria-label={t('search.plot')}>
      <Legend result={result} hidden={result.plans.length - points.length} />
      <div ref={box} className={styles.plot}>
        <Plot
          figure={figure}
          widthPx={size.widthPx}
          heightPx={size.heightPx}
          label={t('search.plot.label', { count: points.length })}
        />
        {guide === null ? null : (
          <span
            className={styles.guide}
            style={{ left: guide.leftPx, top: figure.margins.topPx, bottom: figure.margins.bottomPx }}
          />
        )}
        {points.map((point) => {
          const plan = result.plans[point.index];
          if (plan === undefined) return null;
          const { leftPx, topPx } = pixelFromPoint(figure, size, ACCURACY_PANEL, {
            x: point.latencyMs,
            y: point.value,
          });
          const sentence = planSentence(plan, result);
          return (
            <button
              key={point.index}
              type="button"
              className={styles.point}
              data-testid="search-point"
              style={{ left: leftPx, top: topPx }}
              aria-pressed={point.index === selected}
              aria-label={sentence}
              title={sentence}
              onClick={() => onSelect(point.index)}
            />
          );
        })}
      </div>
    </section>
  );
}

function Legend({ result, hidden }: { readonly result: SearchResult; readonly hidden: number }) {
  const kind = shownLatency(result);
  const fp32 = referenceOf(result, 'fp32', kind);
  return (
    <ul className={styles.legend} aria-label={t('search.legend')}>
      {hidden === 0 ? null : <li className={styles.hidden}>{t('search.hidden', { count: hidden })}</li>}
      {(['front', kind, 'chosen', 'limit', 'fp32'] as const).map((entry) => (
        <li key={entry}>
          <span className={classNames(styles.mark, MARKS[entry])} aria-hidden="true" />
          {t(`search.legend.${entry}`)}
          {entry === 'fp32' && fp32 !== null ? <span className="number">{latencyText(fp32)}</span> : null}
        </li>
      ))}
    </ul>
  );
}
