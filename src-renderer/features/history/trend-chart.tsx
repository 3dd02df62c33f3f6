import { useMemo, useRef } from 'react';
import type { MetricName } from '../../../src-shared/domain/history/history-entry';
import { formatMetric } from '../../../src-shared/domain/history/metrics';
import { changedPart, type Change, type TrendPoint } from '../../../src-shared/domain/history/trend';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { useElementSize } from '../../widgets/plot/use-element-size';
import { MARGINS, trendGeometry } from './trend-geometry';
import styles from './history.module.css';

const HEIGHT = 180;
const MACHINE: readonly Change[] = ['hardware', 'software', 'target'];

interface TrendChartProps {
  readonly metric: MetricName;
  readonly points: readonly TrendPoint[];
  readonly shownId: string;
  readonly comparedId: string | null;
  readonly onShow: (runId: string) => void;
}

/**
 * One value over all runs, a line for each hardware, software and backend. A dashed line marks where another one was
 * first used; each point opens its run.
 */
export function TrendChart({ metric, points, shownId, comparedId, onShow }: TrendChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const { widthPx } = useElementSize(box);
  const geometry = useMemo(() => trendGeometry(points, { widthPx, heightPx: HEIGHT }), [points, widthPx]);
  const title = t(`history.metric.${metric}`);
  const text = ({ entry, value }: TrendPoint): string =>
    `${entry.runId}: ${formatMetric(metric, value, entry.measureName)}`;
  const marks = geometry.points.filter(
    ({ point }) => geometry.hasMarks || point.entry.runId === shownId || point.entry.runId === comparedId,
  );
  return (
    <div ref={box} className={styles.trend}>
      {points.length === 0 ? <p className="dim">{t('history.trend.none', { metric: title })}</p> : null}
      {points.length === 0 || widthPx === 0 ? null : (
        <svg
          width={widthPx}
          height={HEIGHT}
          role="img"
          aria-label={t('history.trend.label', { metric: title, n: points.length })}
        >
          {geometry.ticks.map(({ y, value }) => (
            <g key={value}>
              <line x1={MARGINS.left} x2={widthPx - MARGINS.right} y1={y} y2={y} className={styles.grid} />
              <text x={MARGINS.left - 8} y={y + 4} textAnchor="end" className={styles.tick}>
                {formatMetric(metric, value, points[0]?.entry.measureName)}
              </text>
            </g>
          ))}
          {geometry.breaks.map(({ x, point }) => (
            <line
              key={point.entry.runId}
              x1={x}
              x2={x}
              y1={MARGINS.top}
              y2={HEIGHT - MARGINS.bottom}
              className={styles.break}
            >
              <title>
                {point.changes
                  .filter((change) => MACHINE.includes(change))
                  .map((change) => `${t(`history.change.${change}`)}: ${changedPart(change, point.entry)}`)
                  .join('\n')}
              </title>
            </line>
          ))}
          {geometry.bands.map((path) => (
            <path key={path} d={path} className={styles.band}>
              <title>{t('history.trend.band')}</title>
            </path>
          ))}
          {geometry.lines.map((path) => (
            <path key={path} d={path} className={styles.line} />
          ))}
          {marks.map(({ x, y, point }) => {
            const { runId } = point.entry;
            return (
              <circle
                key={runId}
                cx={x}
                cy={y}
                r={runId === shownId || runId === comparedId ? 5 : 3}
                className={classNames(
                  styles.mark,
                  runId === shownId && styles.shown,
                  runId === comparedId && styles.compared,
                )}
                onClick={() => onShow(runId)}
              >
                <title>{text(point)}</title>
              </circle>
            );
          })}
        </svg>
      )}
    </div>
  );
}
