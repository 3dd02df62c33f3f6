import { formatFixed } from '../../../src-shared/base/units';
import type { WorstImage } from '../../../src-shared/domain/runs/accuracy';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { useThumbnail } from '../../state/use-thumbnail';
import { classNames } from '../../widgets/class-names';
import { Icon } from '../../widgets/icons';
import { VariantBadge } from '../../widgets/variant-badge';
import { classNameOf } from './what-got-worse';

interface ImageAnswersProps {
  readonly image: WorstImage;
  readonly variant: string;
  readonly validation: ValidationRecord;
}

/** The label of an image, FP32's answer and the variant's, a line each; long names are cut and whole on hover. */
export function ImageAnswers({ image, variant, validation }: ImageAnswersProps) {
  const nameOf = (label: number): string => classNameOf(validation, label) ?? t('results.images.noAnswer');
  const label = image.label === null ? t('results.images.noLabel') : nameOf(image.label);
  return (
    <>
      <div className="results-answer">
        <span className="dim">{t('results.images.label')}</span>
        <b className="ellipsis" title={label}>
          {label}
        </b>
      </div>
      <Answer
        variant="fp32"
        name={nameOf(image.fp32)}
        score={image.fp32Score}
        isRight={image.label === null ? null : image.fp32 === image.label}
      />
      <Answer
        variant={variant}
        name={nameOf(image.answer)}
        score={image.score}
        isRight={image.label === null ? null : image.answer === image.label}
      />
    </>
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
  /** Pixels of the longer side that are asked for. */
  readonly sizePx: number;
}

export function Picture({ file, sizePx }: PictureProps) {
  const thumbnail = useThumbnail('validation', file, sizePx);
  if (thumbnail.kind === 'ready') return <img className="results-picture" src={thumbnail.url} alt={file} />;
  const reason = thumbnail.kind === 'failed' ? t('results.images.noPicture', { reason: thumbnail.reason }) : '';
  return (
    <span className="results-picture results-picture-empty" title={reason}>
      <Icon name="image" size={20} {...(reason === '' ? {} : { label: reason })} />
    </span>
  );
}
