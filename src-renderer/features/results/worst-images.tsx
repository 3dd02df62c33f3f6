import { useState } from 'react';
import { formatFixed } from '../../../src-shared/base/units';
import type { VariantReport, WorstImage } from '../../../src-shared/domain/accuracy';
import type { ValidationRecord } from '../../../src-shared/domain/run-record';
import { t } from '../../i18n';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Checkbox } from '../../widgets/fields';
import { Icon } from '../../widgets/icons';
import { useResults } from './results-store';
import { useThumbnail } from '../../state/use-thumbnail';
import { VariantBadge } from '../../widgets/variant-badge';
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
  if (report.confusions.length === 0 && report.worstImages.length === 0) return null;
  const matching = filterImages(report.worstImages, filter);
  const shown = isUnfolded ? matching : matching.slice(0, FOLDED_IMAGES);
  return (
    <section className="results-images" aria-labelledby="results-images">
      <div className="results-panel-head">
        <h3 id="results-images">{t('results.images')}</h3>
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
        {shown.map((image) => (
          <ImageCard key={image.file} image={image} variant={report.variant} validation={validation} />
        ))}
      </ul>
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
  if (filter.from !== null && filter.to !== null) parts.push(t('results.filter.confusion', { from: nameOf(filter.from), to: nameOf(filter.to) }));
  return parts.join(', ');
}

interface ImageCardProps {
  readonly image: WorstImage;
  readonly variant: string;
  readonly validation: ValidationRecord;
}

function ImageCard({ image, variant, validation }: ImageCardProps) {
  const nameOf = (label: number): string => classNameOf(validation, label) ?? t('results.images.noAnswer');
  const label = image.label === null ? t('results.images.noLabel') : nameOf(image.label);
  return (
    <li className="results-card">
      <Picture file={image.file} />
      <div className="results-card-facts">
        <div className="results-card-file ellipsis" title={image.file}>
          {image.file}
        </div>
        <div className="results-answer">
          <span className="dim">{t('results.images.label')}</span>
          <b>{label}</b>
        </div>
        <Answer variant="fp32" name={nameOf(image.fp32)} score={image.fp32Score} isRight={image.label === null ? null : image.fp32 === image.label} />
        <Answer variant={variant} name={nameOf(image.answer)} score={image.score} isRight={image.label === null ? null : image.answer === image.label} />
      </div>
    </li>
  );
}

interface AnswerProps {
  readonly variant: string;
  readonly name: string;
  readonly score: number | undefined;
  /** null: unknown, there is no label. */
  readonly isRight: boolean | null;
}

function Answer({ variant, name, score, isRight }: AnswerProps) {
  return (
    <div className={classNames('results-answer', isRight === false && 'results-answer-wrong')}>
      <VariantBadge variant={variant} />
      <b>{name}</b>
      {isRight === null ? null : <Icon name={isRight ? 'check' : 'cross'} size={11} label={t(isRight ? 'results.images.right' : 'results.images.wrong')} />}
      {score === undefined ? null : <span className="dim number">{t('results.images.score', { score: formatFixed(score, 2) })}</span>}
    </div>
  );
}

function Picture({ file }: { readonly file: string }) {
  const thumbnail = useThumbnail('validation', file, THUMBNAIL_PX);
  if (thumbnail.kind === 'ready') return <img className="results-picture" src={thumbnail.url} alt={file} />;
  const reason = thumbnail.kind === 'failed' ? t('results.images.noPicture', { reason: thumbnail.reason }) : '';
  return (
    <span className="results-picture results-picture-empty" title={reason}>
      <Icon name="image" size={20} {...(reason === '' ? {} : { label: reason })} />
    </span>
  );
}
