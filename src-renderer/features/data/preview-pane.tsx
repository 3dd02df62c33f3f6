import { type ReactNode, useMemo } from 'react';
import { formatCount, formatReal } from '../../../src-shared/base/units';
import type { SetName } from '../../../src-shared/contract/requests';
import type { ImageView, PreprocessingPreview } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { pictureContent } from '../../panels/pictures/picture-content';
import { useImageAnswers } from '../../state/image-answers';
import { classNames } from '../../widgets/class-names';
import type { LayerChoice } from '../../widgets/picture/legend';
import { PicturePane } from '../../widgets/picture/picture-pane';
import { channelNames } from './preprocessing-draft';
import type { PreviewState } from './use-preview';
import styles from './preview-pane.module.css';

interface PreviewPaneProps {
  readonly set: SetName;
  readonly image: ImageView | null;
  readonly state: PreviewState;
  /** Shows the image large. */
  readonly onOpen: () => void;
}

/** Shows the original image beside the input that the network receives, and the first input values as numbers. */
export function PreviewPane({ set, image, state, onOpen }: PreviewPaneProps) {
  const { preview, originalUrl, tensorUrl, shown } = state;
  const isShown = shown !== null && shown.imageId === image?.id;
  const truth =
    isShown && (image.boxes !== undefined || image.hasMask === true) ? (
      <TruthPicture set={set} imageId={image.id} url={originalUrl} />
    ) : null;
  return (
    <section
      className={classNames(styles.root, state.isBehind && styles.behind)}
      aria-label={t('data.preview')}
      aria-busy={state.isBehind}
    >
      <header className={styles.head}>
        <h2 className="ellipsis mono" title={image?.file ?? ''}>
          {image?.file ?? ''}
        </h2>
      </header>
      <div className={styles.body}>
        <button type="button" className={styles.open} title={t('data.large')} onClick={onOpen}>
          <Figure
            url={originalUrl}
            title={t('data.original')}
            alt={t('data.originalAlt')}
            facts={preview === null ? '' : originalFacts(preview)}
            picture={truth}
          />
        </button>
        <span className={styles.arrow} aria-hidden="true">
          →
        </span>
        <Figure
          url={tensorUrl}
          title={t('data.tensor')}
          alt={t('data.tensorAlt')}
          facts={preview === null || shown === null ? '' : tensorFacts(preview, shown.preprocessing.layout)}
        />
        {preview === null || shown === null ? (
          <div className={styles.channels} />
        ) : (
          <Channels preview={preview} names={channelNames(shown.preprocessing.order, preview.channels.length)} />
        )}
      </div>
    </section>
  );
}

interface FigureProps {
  readonly url: string | null;
  readonly title: string;
  readonly alt: string;
  readonly facts: string;
  /** Drawn instead of the plain picture. */
  readonly picture?: ReactNode;
}

function Figure({ url, title, alt, facts, picture = null }: FigureProps) {
  return (
    <figure className={styles.figure}>
      <div className={styles.figurePicture}>
        {picture ?? (url === null ? null : <img src={url} alt={alt} draggable={false} />)}
      </div>
      <figcaption>
        <strong className="ellipsis">{title}</strong>
        <span className="dim ellipsis">{facts}</span>
      </figcaption>
    </figure>
  );
}

interface TruthPictureProps {
  readonly set: SetName;
  readonly imageId: string;
  readonly url: string | null;
}

/** The image with its boxes or its mask as the labels state them. */
function TruthPicture({ set, imageId, url }: TruthPictureProps) {
  const answers = useImageAnswers({ set, imageId, variants: [] });
  const content = useMemo(() => (answers.kind === 'ready' ? pictureContent(answers.view, url) : null), [answers, url]);
  if (content === null) return null;
  return <PicturePane content={content} choice={TRUTH} difference={null} name={imageId} />;
}

const TRUTH: LayerChoice = { shown: ['truth'], minScore: 0, mask: 'truth' };

function originalFacts({ originalWidth, originalHeight }: PreprocessingPreview): string {
  return `${formatCount(originalWidth)} × ${formatCount(originalHeight)} px`;
}

function tensorFacts({ tensor, channels }: PreprocessingPreview, layout: string): string {
  return `${formatCount(tensor.width)} × ${formatCount(tensor.height)} × ${channels.length} · ${layout.toUpperCase()}`;
}

/** The number of values that are shown; the tooltip has more. */
const SHOWN_VALUES = 6;

function Channels({ preview, names }: { readonly preview: PreprocessingPreview; readonly names: readonly string[] }) {
  return (
    <div className={styles.channels} tabIndex={0} role="region" aria-label={t('data.values')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('data.channel')}</th>
            <th scope="col">{t('data.min')}</th>
            <th scope="col">{t('data.max')}</th>
            <th scope="col">{t('data.average')}</th>
            <th scope="col" className={styles.first}>
              {t('data.firstValues')}
            </th>
          </tr>
        </thead>
        <tbody>
          {preview.channels.map((channel, index) => (
            <tr key={names[index]}>
              <th scope="row">{names[index]}</th>
              <Value value={channel.min} />
              <Value value={channel.max} />
              <Value value={channel.mean} />
              <td className={classNames(styles.first, 'number')} title={preview.values[index]?.join(', ')}>
                {/* Values that do not fit wrap to a hidden line, so that no number is cut off. */}
                <span className={styles.firstValues}>
                  {preview.values[index]?.slice(0, SHOWN_VALUES).map((value, position) => (
                    <span key={position}>{formatReal(value)}</span>
                  ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="dim">{t('data.tensorNote')}</p>
    </div>
  );
}

function Value({ value }: { readonly value: number }) {
  return (
    <td className="number" title={String(value)}>
      {formatReal(value)}
    </td>
  );
}
