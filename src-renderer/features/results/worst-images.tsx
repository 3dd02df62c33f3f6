import { useMemo, useState } from 'react';
import { formatFixed } from '../../../src-shared/base/units';
import type { VariantReport, WorstImage } from '../../../src-shared/domain/runs/accuracy';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { useThumbnail } from '../../state/use-thumbnail';
import { LargePicture } from '../../panels/pictures/large-picture';
import { PictureButton } from '../../panels/pictures/picture-button';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Checkbox } from '../../widgets/fields';
import { Icon } from '../../widgets/icons';
import { VariantBadge } from '../../widgets/badge';
import { IMAGES_ID, useResults } from './results-store';
import { classNameOf, filterImages, type ImageFilter, isFiltered } from './what-got-worse';
import shared from './results.module.css';
import styles from './worst-images.module.css';

const FOLDED_IMAGES = 12;
/** Twice the displayed size, for high-density screens. */
const THUMBNAIL_PX = 192;

interface WorstImagesProps {
  readonly report: VariantReport;
  readonly validation: ValidationRecord;
  readonly runId: string;
}

/** The images with changed answers: the picture, its label, FP32's answer and the variant's answer. */
export function WorstImages({ report, validation, runId }: WorstImagesProps) {
  const filter = useResults((state) => state.filter);
  const clearFilter = useResults((state) => state.clearFilter);
  const [isUnfolded, setUnfolded] = useState(false);
  const [isBright, setBright] = useState(false);
  const [opened, setOpened] = useState<number | null>(null);
  const variants = useMemo(() => ['fp32', report.variant], [report.variant]);
  if (report.confusions.length === 0 && report.worstImages.length === 0) return null;
  const matching = filterImages(report.worstImages, filter);
  const large = opened === null ? undefined : matching[opened];
  const shown = isUnfolded ? matching : matching.slice(0, FOLDED_IMAGES);
  return (
    <section className={styles.root} aria-labelledby={IMAGES_ID}>
      <div className={shared.panelHead}>
        <h3 id={IMAGES_ID} className={styles.title}>
          {t('results.images')}
        </h3>
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
      <ul className={classNames(styles.grid, isBright && styles.bright)}>
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
        <LargePicture
          set="validation"
          images={matching.map(({ file }) => file)}
          index={opened}
          variants={variants}
          runId={runId}
          facts={
            <>
              {large.group === null ? null : (
                <div className="dim">{t('results.filter.group', { name: large.group })}</div>
              )}
              <ImageAnswers image={large} variant={report.variant} validation={validation} />
            </>
          }
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
    <li className={styles.card}>
      <div className={styles.cardPicture}>
        <PictureButton imageId={image.file} onOpen={onOpen}>
          <Picture file={image.file} sizePx={THUMBNAIL_PX} />
        </PictureButton>
      </div>
      <div className={styles.cardFacts}>
        <div className={classNames(styles.cardFile, 'ellipsis')} data-testid="image-file" title={image.file}>
          {image.file}
        </div>
        <ImageAnswers image={image} variant={variant} validation={validation} />
      </div>
    </li>
  );
}

interface ImageAnswersProps {
  readonly image: WorstImage;
  readonly variant: string;
  readonly validation: ValidationRecord;
}

/**
 * The label of an image, FP32's answer and the variant's, one per line. Long names are truncated; the tooltip is
 * complete.
 */
function ImageAnswers({ image, variant, validation }: ImageAnswersProps) {
  const nameOf = (label: number): string => classNameOf(validation, label) ?? t('results.images.noAnswer');
  const label = image.label === null ? t('results.images.noLabel') : nameOf(image.label);
  return (
    <>
      <div className={styles.answer}>
        <span className="dim">{t('results.images.label')}</span>
        <b className="ellipsis" title={label}>
          {label}
        </b>
      </div>
      <Answer
        variant="fp32"
        name={image.fp32 === undefined ? '' : nameOf(image.fp32)}
        score={image.fp32Score}
        isRight={image.label === null || image.fp32 === undefined ? null : image.fp32 === image.label}
      />
      <Answer
        variant={variant}
        name={image.answer === undefined ? '' : nameOf(image.answer)}
        score={image.score}
        isRight={image.label === null || image.answer === undefined ? null : image.answer === image.label}
      />
    </>
  );
}

interface AnswerProps {
  readonly variant: string;
  readonly name: string;
  readonly score: number | undefined;
  /** Whether the answer is right; null if the image has no label. */
  readonly isRight: boolean | null;
}

function Answer({ variant, name, score, isRight }: AnswerProps) {
  return (
    <div className={classNames(styles.answer, isRight === false && styles.answerWrong)}>
      <VariantBadge variant={variant} />
      <b className="ellipsis" title={name}>
        {name}
      </b>
      {isRight === null ? null : (
        <Icon
          name={isRight ? 'check' : 'cross'}
          size={11}
          label={t(isRight ? 'results.images.right' : 'results.images.wrong')}
        />
      )}
      {score === undefined ? null : (
        <span className="dim number">{t('results.images.score', { score: formatFixed(score, 2) })}</span>
      )}
    </div>
  );
}

interface PictureProps {
  readonly file: string;
  /** The requested size of the longer side, in pixels. */
  readonly sizePx: number;
}

function Picture({ file, sizePx }: PictureProps) {
  const thumbnail = useThumbnail('validation', file, sizePx);
  if (thumbnail.kind === 'ready') return <img className={styles.picture} src={thumbnail.url} alt={file} />;
  const reason = thumbnail.kind === 'failed' ? t('results.images.noPicture', { reason: thumbnail.reason }) : '';
  return (
    <span
      className={classNames(styles.picture, styles.pictureEmpty)}
      title={reason}
      aria-busy={thumbnail.kind === 'loading'}
    >
      <Icon name="image" size={20} {...(reason === '' ? {} : { label: reason })} />
    </span>
  );
}
