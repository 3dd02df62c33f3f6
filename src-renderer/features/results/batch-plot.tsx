import { useMemo, useRef } from 'react';
import { batchCurves } from '../../../src-shared/domain/runs/batch-curves';
import type { BenchmarkVariantRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { Plot } from '../../widgets/plot/plot';
import { useElementSize } from '../../widgets/plot/use-element-size';
import { batchFigure, curveStyles } from './batch-figure';
import styles from './batch-plot.module.css';

/** Latency and throughput against the batch size; empty if only one batch size was measured. */
export function BatchPlot({ entries }: { readonly entries: readonly BenchmarkVariantRecord[] }) {
  const box = useRef<HTMLDivElement>(null);
  const size = useElementSize(box);
  const curves = useMemo(() => batchCurves(entries), [entries]);
  const figure = useMemo(
    () =>
      batchFigure(curves, {
        batch: t('measured.batch.axis'),
        latency: t('measured.batch.latency'),
        throughput: t('measured.batch.throughput'),
      }),
    [curves],
  );
  const looks = useMemo(() => curveStyles(curves), [curves]);
  if (curves.length === 0) return null;
  return (
    <>
      <h3>{t('measured.batch')}</h3>
      <ul className={styles.legend} aria-label={t('measured.batch.legend')}>
        {curves.map(({ variant }, i) => (
          <li key={variant}>
            <svg width="26" height="8" aria-hidden="true">
              <line
                x1="0"
                x2="26"
                y1="4"
                y2="4"
                stroke={`var(${looks[i]?.color ?? '--text'})`}
                strokeWidth="2"
                {...(looks[i]?.isDashed ? { strokeDasharray: '6 4' } : {})}
              />
              <circle
                cx="13"
                cy="4"
                r="3"
                fill={looks[i]?.isHollow ? 'var(--bg)' : `var(${looks[i]?.color ?? '--text'})`}
                stroke={`var(${looks[i]?.color ?? '--text'})`}
              />
            </svg>
            {variant}
          </li>
        ))}
      </ul>
      <div ref={box} className={styles.plot}>
        <Plot
          figure={figure}
          widthPx={size.widthPx}
          heightPx={size.heightPx}
          label={t('measured.batch.label', { count: curves.length })}
        />
      </div>
    </>
  );
}
