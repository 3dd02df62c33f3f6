import { useMemo, useState } from 'react';
import { formatPercent, formatReal } from '../../../src-shared/base/units';
import type { HistogramView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useThumbnail } from '../../state/use-thumbnail';
import type { ThresholdSession } from './use-threshold-session';
import styles from './maximum-panel.module.css';

/** An image and the largest |x| of the tensor for this image, real units. */
export interface ImageMaximum {
  readonly file: string;
  readonly amaxReal: number;
}

export interface MaximumRanking {
  readonly top: readonly ImageMaximum[];
  /** max|x| over all images except the one with the largest value; null if there is only one image. */
  readonly withoutFirstReal: number | null;
}

/** The images with the largest |x|, ties in the order of the set. Null if no values per image were recorded. */
export function rankMaxima(
  view: Pick<HistogramView, 'imageAmax' | 'imageFiles'>,
  count: number,
): MaximumRanking | null {
  const known = view.imageFiles
    .map((file, i) => ({ file, amaxReal: view.imageAmax[i] ?? Number.NaN }))
    .filter(({ amaxReal }) => !Number.isNaN(amaxReal))
    .sort((a, b) => b.amaxReal - a.amaxReal);
  if (known.length === 0) return null;
  return { top: known.slice(0, count), withoutFirstReal: known[1]?.amaxReal ?? null };
}

const SHOWN = 5;
const PICTURE_PX = 128;

/** The images with the largest |x| and their pictures: a single outlier determines the range for all images. */
export function MaximumPanel({ session }: { readonly session: ThresholdSession }) {
  const ranking = useMemo(() => rankMaxima(session.view, SHOWN), [session.view]);
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = ranking?.top.find(({ file }) => file === chosen) ?? ranking?.top[0];
  if (ranking === null || shown === undefined) return null;
  return (
    <section className={styles.maximum} aria-label={t('histogram.maximum')}>
      <h3>{t('histogram.maximum')}</h3>
      <div className={styles.pictureRow}>
        <Thumbnail image={shown} />
        <ol className={styles.ranking}>
          {ranking.top.map((image) => (
            <li key={image.file}>
              <button
                type="button"
                aria-pressed={image.file === shown.file}
                title={image.file}
                onClick={() => setChosen(image.file)}
              >
                <span className="ellipsis">{image.file}</span>
                <span className="number">{formatReal(image.amaxReal)}</span>
              </button>
            </li>
          ))}
        </ol>
      </div>
      <Consequence first={ranking.top[0]} withoutFirstReal={ranking.withoutFirstReal} />
    </section>
  );
}

function Thumbnail({ image }: { readonly image: ImageMaximum }) {
  const thumbnail = useThumbnail('calibration', image.file, PICTURE_PX);
  // An image that was moved has no picture; its name and value are still shown.
  return (
    <div className={styles.picture}>
      {thumbnail.kind === 'ready' ? <img src={thumbnail.url} alt={image.file} /> : null}
    </div>
  );
}

/** The effect of the first image on the largest value. */
function Consequence({
  first,
  withoutFirstReal,
}: {
  readonly first: ImageMaximum | undefined;
  readonly withoutFirstReal: number | null;
}) {
  if (first === undefined || withoutFirstReal === null || first.amaxReal === 0) return null;
  const lower = 100 * (1 - withoutFirstReal / first.amaxReal);
  return (
    <p className="dim">
      {t('histogram.maximum.without', { value: formatReal(withoutFirstReal), lower: formatPercent(lower) })}
    </p>
  );
}
