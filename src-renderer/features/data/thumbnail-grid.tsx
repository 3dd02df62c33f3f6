import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import type { ImageSetView, ImageView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { CELL_HEIGHT, columnsIn, rowsFor, type ThumbnailCache, useThumbnail, walkGrid } from './thumbnails';
import { labelName } from './data-store';
import styles from './thumbnail-grid.module.css';

interface ThumbnailGridProps {
  readonly set: ImageSetView;
  readonly images: readonly ImageView[];
  readonly shownId: string | null;
  readonly cache: ThumbnailCache;
  readonly onShow: (imageId: string) => void;
}

/** All images that pass the filter; only visible ones are rendered and requested. Arrow keys move the selection. */
export function ThumbnailGrid({ set, images, shownId, cache, onShow }: ThumbnailGridProps) {
  const gridId = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const columns = columnsIn(useWidth(scroller));
  const virtualizer = useVirtualizer({
    count: rowsFor(images.length, columns),
    getScrollElement: () => scroller.current,
    estimateSize: () => CELL_HEIGHT,
    overscan: 1,
  });
  const shownIndex = images.findIndex((image) => image.id === shownId);
  useEffect(() => {
    if (shownIndex >= 0) virtualizer.scrollToIndex(Math.floor(shownIndex / columns), { align: 'auto' });
  }, [shownIndex, columns, virtualizer]);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const pageRows = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / CELL_HEIGHT));
    const target = walkGrid(event.key, Math.max(0, shownIndex), { count: images.length, columns, pageRows });
    const image = target === null ? undefined : images[target];
    if (image === undefined) return;
    event.preventDefault();
    onShow(image.id);
  };

  return (
    <div
      ref={scroller}
      className={styles.root}
      role="listbox"
      aria-label={t('data.images')}
      aria-activedescendant={shownIndex < 0 ? undefined : `${gridId}-${shownIndex}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" className={styles.body} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((row) => (
          <div
            key={row.key}
            role="presentation"
            className={styles.row}
            style={{ transform: `translateY(${row.start}px)` }}
          >
            {images.slice(row.index * columns, (row.index + 1) * columns).map((image, offset) => {
              const index = row.index * columns + offset;
              return (
                <Cell
                  key={image.id}
                  id={`${gridId}-${index}`}
                  image={image}
                  place={{ index, count: images.length }}
                  set={set}
                  isShown={index === shownIndex}
                  cache={cache}
                  onShow={onShow}
                />
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

interface CellProps {
  readonly id: string;
  readonly image: ImageView;
  readonly place: { readonly index: number; readonly count: number };
  readonly set: ImageSetView;
  readonly isShown: boolean;
  readonly cache: ThumbnailCache;
  readonly onShow: (imageId: string) => void;
}

function Cell({ id, image, place, set, isShown, cache, onShow }: CellProps) {
  const thumbnail = useThumbnail(cache, image.id);
  const title = thumbnail.state === 'failed' ? `${image.file}: ${thumbnail.message}` : image.file;
  return (
    <div
      id={id}
      className={classNames(styles.cell, isShown && styles.cellShown)}
      role="option"
      aria-selected={isShown}
      aria-setsize={place.count}
      aria-posinset={place.index + 1}
      title={title}
      onClick={() => onShow(image.id)}
    >
      <span className={styles.cellPicture}>
        {thumbnail.state === 'ready' ? <img src={thumbnail.url} alt="" draggable={false} /> : null}
        {thumbnail.state === 'failed' ? <span className={styles.cellFailed}>{t('data.unreadable')}</span> : null}
      </span>
      <span className={styles.cellText}>
        {image.label === null ? null : <strong>{labelName(set, image.label)}</strong>}
        {image.boxes === undefined ? null : (
          <span>
            {image.boxes.length === 0 ? t('data.background.short') : t('data.boxCount', { count: image.boxes.length })}
          </span>
        )}
        <span className="dim">{image.group ?? ''}</span>
        <span className="visually-hidden">{image.file}</span>
      </span>
    </div>
  );
}

/** Width of an element's content box, in CSS pixels. */
function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const current = element.current;
    if (current === null) return undefined;
    const measure = (): void => setWidth(current.clientWidth - 2 * GRID_PADDING);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** Must equal the padding in data.css. */
const GRID_PADDING = 8;
