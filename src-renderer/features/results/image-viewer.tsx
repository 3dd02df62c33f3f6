import type { KeyboardEvent } from 'react';
import type { WorstImage } from '../../../src-shared/domain/runs/accuracy';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { IconButton } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Dialog } from '../../widgets/dialog';
import { ImageAnswers, Picture } from './image-answers';

/** The largest picture that the application gives. */
const PICTURE_PX = 512;

interface ImageViewerProps {
  readonly images: readonly WorstImage[];
  readonly index: number;
  readonly variant: string;
  readonly validation: ValidationRecord;
  readonly isBright: boolean;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
}

/** One image large, with its answers. Arrow keys walk through the list, Home and End go to its ends, Escape closes. */
export function ImageViewer({ images, index, variant, validation, isBright, onMove, onClose }: ImageViewerProps) {
  const image = images[index];
  if (image === undefined) return null;
  const last = images.length - 1;
  const move = (to: number): void => onMove(Math.min(last, Math.max(0, to)));
  const onKeyDown = (event: KeyboardEvent): void => {
    const targets: ReadonlyMap<string, number> = new Map([
      ['ArrowLeft', index - 1],
      ['ArrowUp', index - 1],
      ['ArrowRight', index + 1],
      ['ArrowDown', index + 1],
      ['Home', 0],
      ['End', last],
    ]);
    const to = targets.get(event.key);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(to);
  };
  return (
    <Dialog
      className="results-viewer"
      title={t('results.images.of', { n: index + 1, all: images.length })}
      onClose={onClose}
    >
      <div className="results-viewer-body" onKeyDown={onKeyDown}>
        <IconButton
          icon="chevron-left"
          label={t('results.images.previous')}
          disabled={index === 0}
          onClick={() => move(index - 1)}
        />
        <figure
          className={classNames('results-viewer-figure', isBright && 'results-bright')}
          tabIndex={0}
          data-autofocus
        >
          <Picture key={image.file} file={image.file} sizePx={PICTURE_PX} />
          <figcaption>
            <div className="results-card-file">{image.file}</div>
            {image.group === null ? null : (
              <div className="dim">{t('results.filter.group', { name: image.group })}</div>
            )}
            <ImageAnswers image={image} variant={variant} validation={validation} />
          </figcaption>
        </figure>
        <IconButton
          icon="chevron-right"
          label={t('results.images.next')}
          disabled={index === last}
          onClick={() => move(index + 1)}
        />
      </div>
    </Dialog>
  );
}
