import { useMemo, useState } from 'react';
import { formatPercent, formatReal } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import { rankMaxima, type ImageMaximum } from './maximum';
import { useThumbnail } from '../../state/use-thumbnail';
import type { ThresholdSession } from './use-threshold-session';

const SHOWN = 5;
const PICTURE_PX = 128;

/** The images that reach furthest, with their pictures: one odd image sets what all others must fit. */
export function MaximumPanel({ session }: { readonly session: ThresholdSession }) {
  const ranking = useMemo(() => rankMaxima(session.view, SHOWN), [session.view]);
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = ranking?.top.find(({ file }) => file === chosen) ?? ranking?.top[0];
  if (ranking === null || shown === undefined) return null;
  return (
    <section className="histogram-maximum" aria-label={t('histogram.maximum')}>
      <h3>{t('histogram.maximum')}</h3>
      <div className="histogram-picture-row">
        <Thumbnail image={shown} />
        <ol className="histogram-ranking">
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
  // An image that has moved has no picture; its name and value stay.
  return (
    <div className="histogram-picture">
      {thumbnail.kind === 'ready' ? <img src={thumbnail.url} alt={image.file} /> : null}
    </div>
  );
}

/** What the first image alone does to the largest value. */
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
