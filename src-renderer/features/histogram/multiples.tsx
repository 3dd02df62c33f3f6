import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { ThresholdRow } from '../../../src-shared/contract/views';
import { formatDb, formatFraction } from '../../../src-shared/base/units';
import { methodProperty } from '../../../src-shared/domain/palette';
import { t } from '../../i18n';
import { useHistogram } from '../../state/histograms';
import { MethodBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { ModelName } from '../../widgets/model-name';
import { tokensOf, useThemeVersion } from '../../widgets/plot/theme';
import { useElementSize } from '../../widgets/plot/use-element-size';
import { drawMiniature } from './miniature';
import { PAGE_SIZE, pageCount, pageOf, walk } from './tensor-order';
import { useImagePreprocessing } from './use-threshold-session';
import type { TensorListState } from './tensor-list';
import styles from './multiples.module.css';

interface MultiplesProps {
  readonly list: TensorListState;
  readonly onOpen: () => void;
}

/** Least width of a card in pixels; the number of columns divides a page evenly. */
const CARD_PX = 165;
const COLUMNS = [1, 2, 3, 4, 6, 8] as const;

export function columnsFor(widthPx: number): number {
  return COLUMNS.findLast((columns) => columns * CARD_PX <= widthPx) ?? 1;
}

/** All tensors, 24 per page, in the order of the list. Arrow keys move the selection, Enter opens a tensor. */
export function Multiples({ list, onOpen }: MultiplesProps) {
  const grid = useRef<HTMLDivElement>(null);
  const columns = columnsFor(useElementSize(grid).widthPx);
  const { rows, selected, select } = list;
  const index = Math.max(
    0,
    rows.findIndex((row) => row.name === selected?.name),
  );
  const page = Math.floor(index / PAGE_SIZE);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      return onOpen();
    }
    const to = walk(index, event.key, { count: rows.length, columns });
    const row = to === null ? undefined : rows[to];
    if (row === undefined) return;
    event.preventDefault();
    select(row.name);
  };
  return (
    <section className={styles.root} aria-label={t('histogram.all')}>
      <Pager page={page} rows={rows} onSelect={select} />
      <div
        ref={grid}
        className={styles.grid}
        role="listbox"
        tabIndex={0}
        aria-label={t('histogram.tensors')}
        aria-activedescendant={`histogram-card-${index}`}
        style={{
          gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          gridTemplateRows: `repeat(${PAGE_SIZE / columns}, minmax(86px, 1fr))`,
        }}
        onKeyDown={onKeyDown}
      >
        {pageOf(rows, page).map((row, i) => (
          <Card
            key={row.name}
            row={row}
            id={`histogram-card-${page * PAGE_SIZE + i}`}
            isSelected={row.name === selected?.name}
            onSelect={() => select(row.name)}
            onOpen={onOpen}
          />
        ))}
      </div>
    </section>
  );
}

function Pager({
  page,
  rows,
  onSelect,
}: {
  readonly page: number;
  readonly rows: readonly ThresholdRow[];
  readonly onSelect: (tensor: string) => void;
}) {
  const pages = pageCount(rows.length);
  const go = (to: number): void => {
    const first = rows[to * PAGE_SIZE];
    if (first !== undefined) onSelect(first.name);
  };
  return (
    <div className={styles.pager}>
      <span className="dim">{t('histogram.all.hint')}</span>
      <span className={styles.pagerGap} />
      <Button tone="quiet" disabled={page === 0} onClick={() => go(page - 1)}>
        {t('histogram.page.previous')}
      </Button>
      <span>{t('histogram.page', { page: page + 1, pages })}</span>
      <Button tone="quiet" disabled={page + 1 >= pages} onClick={() => go(page + 1)}>
        {t('histogram.page.next')}
      </Button>
    </div>
  );
}

interface CardProps {
  readonly row: ThresholdRow;
  readonly id: string;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
  readonly onOpen: () => void;
}

function Card({ row, id, isSelected, onSelect, onOpen }: CardProps) {
  return (
    <div
      id={id}
      role="option"
      aria-selected={isSelected}
      className={classNames(styles.card, isSelected && styles.cardSelected)}
      onClick={onSelect}
      onDoubleClick={onOpen}
    >
      <div className={styles.cardTitle}>
        <MethodBadge method={row.method} title={t(`histogram.method.${row.method}`)} />
        <ModelName name={row.name} />
      </div>
      <Sketch row={row} />
      <div className={styles.cardNumbers}>
        <span>{formatDb(row.sqnrDb)}</span>
        <span className="dim" title={t('histogram.clipped')}>
          {formatFraction(row.clippedFraction)}
        </span>
      </div>
    </div>
  );
}

function Sketch({ row }: { readonly row: ThresholdRow }) {
  const view = useHistogram(row.name);
  const preprocessing = useImagePreprocessing(row.name);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const { widthPx, heightPx } = useElementSize(box);
  const theme = useThemeVersion();
  const [ratio] = useState(() => Math.min(2, window.devicePixelRatio));
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (
      element === null ||
      context === null ||
      context === undefined ||
      view === undefined ||
      view instanceof Error ||
      widthPx === 0 ||
      heightPx === 0
    )
      return;
    element.width = widthPx * ratio;
    element.height = heightPx * ratio;
    context.scale(ratio, ratio);
    drawMiniature(
      { context, widthPx, heightPx },
      { view, preprocessing, thresholdReal: row.threshold, color: methodProperty(row.method) },
      tokensOf(element),
    );
  }, [view, preprocessing, row.threshold, row.method, widthPx, heightPx, ratio, theme]);
  return (
    <div ref={box} className={styles.sketch} aria-hidden="true">
      {view instanceof Error ? (
        <span className="dim">{t('histogram.failed.short')}</span>
      ) : (
        <canvas ref={canvas} style={{ width: widthPx, height: heightPx }} />
      )}
    </div>
  );
}
