import { useState } from 'react';
import type { VariantReport, WorstImage } from '../../../src-shared/domain/runs/accuracy';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Checkbox } from '../../widgets/fields';
import { useResults } from './results-store';
import { ImageAnswers, Picture } from './image-answers';
import { ImageViewer } from './image-viewer';
import { IMAGES_ID } from './use-narrowing';
import { classNameOf, filterImages, isFiltered, type ImageFilter } from './what-got-worse';

const FOLDED_IMAGES = 12;
/** Twice the size shown, for screens with small pixels. */
const THUMBNAIL_PX = 192;

interface WorstImagesProps {
  readonly report: VariantReport;
  readonly validation: ValidationRecord;
}

/** The images whose answer changed: the picture, its label, FP32's answer and the variant's. */
export function WorstImages({ report, validation }: WorstImagesProps) {
  const filter = useResults((state) => state.filter);
  const clearFilter = useResults((state) => state.clearFilter);
  const [isUnfolded, setUnfolded] = useState(false);
  const [isBright, setBright] = useState(false);
  const [opened, setOpened] = useState<number | null>(null);
  if (report.confusions.length === 0 && report.worstImages.length === 0) return null;
  const matching = filterImages(report.worstImages, filter);
  const large = opened === null ? undefined : matching[opened];
  const shown = isUnfolded ? matching : matching.slice(0, FOLDED_IMAGES);
  return (
    <section className="results-images" aria-labelledby={IMAGES_ID}>
      <div className="results-panel-head">
        <h3 id={IMAGES_ID}>{t('results.images')}</h3>
        <span className="dim" role="status">
          {t('results.images.shown', { shown: matching.length, n: report.worstImages.length })}
        </span>
        {isFiltered(filter) ? (
          <>
            <span>{t('results.images.filtered', { filter: filterText(filter, validation) })}</span>
            <Button tone="quiet" icon="close" onClick={clearFilter}>
              {t('results.images.clear')}
            </Button>
          </>
        ) : (
          <span className="dim">{t('results.images.note')}</span>
        )}
        <Checkbox label={t('results.images.bright')} checked={isBright} onChange={setBright} />
      </div>
      {matching.length === 0 ? <p className="dim">{t('results.images.noneMatch')}</p> : null}
      <ul className={classNames('results-image-grid', isBright && 'results-bright')}>
        {shown.map((image, index) => (
          <ImageCard
            key={`${index} ${image.file}`}
            image={image}
            variant={report.variant}
            validation={validation}
            onOpen={() => setOpened(index)}
          />
        ))}
      </ul>
      {opened === null || large === undefined ? null : (
        <ImageViewer
          images={matching}
          index={opened}
          variant={report.variant}
          validation={validation}
          isBright={isBright}
          onMove={setOpened}
          onClose={() => setOpened(null)}
        />
      )}
      {matching.length > shown.length ? (
        <Button tone="quiet" onClick={() => setUnfolded(true)}>
          {t('results.images.more', { n: matching.length - shown.length })}
        </Button>
      ) : null}
    </section>
  );
}

function filterText(filter: ImageFilter, validation: ValidationRecord): string {
  const nameOf = (label: number): string => classNameOf(validation, label) ?? t('results.images.noAnswer');
  const parts: string[] = [];
  if (filter.group !== null) parts.push(t('results.filter.group', { name: filter.group }));
  if (filter.label !== null) parts.push(t('results.filter.label', { name: nameOf(filter.label) }));
  if (filter.from !== null && filter.to !== null)
    parts.push(t('results.filter.confusion', { from: nameOf(filter.from), to: nameOf(filter.to) }));
  return parts.join(', ');
}

interface ImageCardProps {
  readonly image: WorstImage;
  readonly variant: string;
  readonly validation: ValidationRecord;
  readonly onOpen: () => void;
}

function ImageCard({ image, variant, validation, onOpen }: ImageCardProps) {
  return (
    <li className="results-card">
      <button
        type="button"
        className="results-picture-button"
        aria-label={t('results.images.open', { file: image.file })}
        onClick={onOpen}
      >
        <Picture file={image.file} sizePx={THUMBNAIL_PX} />
      </button>
      <div className="results-card-facts">
        <div className="results-card-file ellipsis" title={image.file}>
          {image.file}
        </div>
        <ImageAnswers image={image} variant={variant} validation={validation} />
      </div>
    </li>
  );
}
