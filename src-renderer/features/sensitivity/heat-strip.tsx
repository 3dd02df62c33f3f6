import { memo, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { t } from '../../i18n';
import { colourOf, colourProperty } from '../../panels/layers/graph-view';
import type { LayerRow } from '../../panels/layers/layer-rows';
import { keyTarget } from '../../widgets/table-order';
import { ownValue } from '../../../src-shared/base/records';
import { classNames } from '../../widgets/class-names';
import styles from './heat-strip.module.css';

interface HeatStripProps {
  /** All layers, in topological order. */
  readonly rows: readonly LayerRow[];
  /** The measured value of a layer with its unit; null if the layer was not tried. */
  readonly textOf: (layer: string) => string | null;
  readonly active: string | null;
  readonly onChoose: (layer: string) => void;
}

const WALK: Readonly<Record<string, string>> = { ArrowRight: 'ArrowDown', ArrowLeft: 'ArrowUp' };
const PAGE = 10;

/**
 * The layers from input to output as columns. Height and colour show the score relative to the most sensitive layer.
 */
export function HeatStrip({ rows, textOf, active, onChoose }: HeatStripProps) {
  const [hovered, setHovered] = useState<number | null>(null);
  const activeIndex = rows.findIndex((row) => row.layer === active);
  const shown = rows[hovered ?? activeIndex] ?? null;
  const indexAt = (event: PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(rows.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * rows.length)));
  };
  const choose = (index: number | null): void => {
    const row = index === null ? undefined : rows[index];
    if (row !== undefined) onChoose(row.layer);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = keyTarget(ownValue(WALK, event.key) ?? event.key, activeIndex, rows.length, PAGE);
    if (target === null) return;
    event.preventDefault();
    choose(target);
  };
  return (
    <div className={styles.root}>
      <div
        className={styles.columns}
        role="slider"
        tabIndex={0}
        aria-label={t('sensitivity.strip')}
        aria-valuemin={1}
        aria-valuemax={Math.max(1, rows.length)}
        aria-valuenow={activeIndex + 1}
        aria-valuetext={activeIndex < 0 ? t('sensitivity.strip.none') : sentence(rows[activeIndex], textOf)}
        onPointerMove={(event) => setHovered(indexAt(event))}
        onPointerLeave={() => setHovered(null)}
        onClick={() => choose(hovered)}
        onKeyDown={onKeyDown}
      >
        <Columns rows={rows} />
        <Marker index={hovered} count={rows.length} className={styles.hover} />
        <Marker index={activeIndex < 0 ? null : activeIndex} count={rows.length} className={styles.active} />
      </div>
      <p className={classNames(styles.caption, 'ellipsis')} data-testid="heat-strip-caption" aria-hidden="true">
        {shown === null ? <span className="dim">{t('sensitivity.strip.hint')}</span> : sentence(shown, textOf)}
      </p>
    </div>
  );
}

function sentence(row: LayerRow | undefined, textOf: HeatStripProps['textOf']): string {
  if (row === undefined) return '';
  return t('sensitivity.strip.layer', {
    number: row.number,
    layer: row.layer,
    op: row.op,
    value: textOf(row.layer) ?? t('sensitivity.strip.untried'),
  });
}

/** Least height of a column, as a share of the full height, so that layers without damage can be pointed at too. */
const LEAST = 0.06;

/** With more columns than this, outlines would hide the columns. */
const OUTLINED_MAX = 160;

/** Rendered once per result; the pointer and the selection are drawn in separate elements above it. */
const Columns = memo(function Columns({ rows }: { readonly rows: readonly LayerRow[] }) {
  return (
    <svg
      className={rows.length > OUTLINED_MAX ? undefined : styles.outlined}
      viewBox={`0 0 ${Math.max(1, rows.length)} 1`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {rows.map((row, index) => {
        const height = Math.max(LEAST, row.damage ?? 0);
        return (
          <rect
            key={row.layer}
            x={index + 0.06}
            y={1 - height}
            width={0.88}
            height={height}
            style={{ fill: `var(${colourProperty(colourOf(row, 'sensitivity'))})` }}
          />
        );
      })}
    </svg>
  );
});

function Marker({
  index,
  count,
  className,
}: {
  readonly index: number | null;
  readonly count: number;
  readonly className: string | undefined;
}) {
  if (index === null) return null;
  return <span className={className} style={{ left: `${(100 * index) / count}%`, width: `${100 / count}%` }} />;
}
