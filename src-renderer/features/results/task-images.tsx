import { useMemo, useState } from 'react';
import { formatFixed } from '../../../src-shared/base/units';
import type { VariantReport, WorstImage } from '../../../src-shared/domain/runs/accuracy';
import { t } from '../../i18n';
import { LargePicture } from '../../panels/pictures/large-picture';
import { PictureButton } from '../../panels/pictures/picture-button';
import { SmallPicture } from '../../panels/pictures/small-picture';
import { Button } from '../../widgets/button';
import { Checkbox, Segmented } from '../../widgets/fields';
import { IMAGES_ID, useResults } from './results-store';
import { filterImages, isFiltered } from './what-got-worse';
import shared from './results.module.css';
import styles from './task-images.module.css';

const FOLDED_IMAGES = 9;

const ORDERS = ['score', 'missed', 'added', 'moved'] as const;
type Order = (typeof ORDERS)[number];

interface TaskImagesProps {
  readonly report: VariantReport;
  readonly runId: string;
}

/** The images that lost most, each with FP32's and the variant's boxes or mask; large on click. */
export function TaskImages({ report, runId }: TaskImagesProps) {
  const filter = useResults((state) => state.filter);
  const clearFilter = useResults((state) => state.clearFilter);
  const [order, setOrder] = useState<Order>('score');
  const [isUnfolded, setUnfolded] = useState(false);
  const [isBright, setBright] = useState(false);
  const [opened, setOpened] = useState<number | null>(null);
  const variants = useMemo(() => ['fp32', report.variant], [report.variant]);
  const matching = sortImages(filterImages(report.worstImages, filter), order);
  const ids = matching.map(({ file }) => file);
  const hasBoxes = report.worstImages.some(({ missed }) => missed !== undefined);
  const large = opened === null ? undefined : matching[opened];
  if (report.worstImages.length === 0) return null;
  const shown = isUnfolded ? matching : matching.slice(0, FOLDED_IMAGES);
  return (
    <section className={styles.root} aria-labelledby={IMAGES_ID}>
      <div className={shared.panelHead}>
        <h3 id={IMAGES_ID} className={styles.title}>
          {t('scores.images')}
        </h3>
        <span className="dim" role="status">
          {t('results.images.shown', { shown: matching.length, n: report.worstImages.length })}
        </span>
        {isFiltered(filter) ? (
          <Button tone="quiet" icon="close" onClick={clearFilter}>
            {t('results.images.clear')}
          </Button>
        ) : (
          <span className="dim">{t('scores.images.note')}</span>
        )}
        {hasBoxes ? (
          <Segmented
            label={t('scores.sort')}
            value={order}
            choices={ORDERS.map((value) => ({
              value,
              label: value === 'score' ? t('scores.sort.score') : t(`picture.sort.${value}`),
            }))}
            onChoose={setOrder}
          />
        ) : null}
        <Checkbox label={t('picture.bright')} checked={isBright} onChange={setBright} />
      </div>
      <ul className={styles.grid}>
        {shown.map((image, index) => (
          <li key={image.file} className={styles.card}>
            <PictureButton imageId={image.file} onOpen={() => setOpened(index)}>
              <SmallPicture
                set="validation"
                imageId={image.file}
                variants={variants}
                runId={runId}
                shown={variants}
                isBright={isBright}
              />
            </PictureButton>
            <div className="ellipsis mono" title={image.file} data-testid="image-file">
              {image.file}
            </div>
            <ImageFacts image={image} />
          </li>
        ))}
      </ul>
      {matching.length > shown.length ? (
        <Button tone="quiet" onClick={() => setUnfolded(true)}>
          {t('results.images.more', { n: matching.length - shown.length })}
        </Button>
      ) : null}
      {opened === null || large === undefined ? null : (
        <LargePicture
          set="validation"
          images={ids}
          index={opened}
          variants={variants}
          runId={runId}
          facts={<ImageFacts image={large} />}
          onMove={setOpened}
          onClose={() => setOpened(null)}
        />
      )}
    </section>
  );
}

/** The images in the order of the run, or those with the most changes of one kind first. */
export function sortImages(images: readonly WorstImage[], order: Order): readonly WorstImage[] {
  return order === 'score' ? images : [...images].sort((a, b) => (b[order] ?? 0) - (a[order] ?? 0));
}

/** What changed in one image: boxes that are missed, added and moved, and the score of the image alone. */
function ImageFacts({ image }: { readonly image: WorstImage }) {
  const { missed, added, moved, fp32Score, score } = image;
  const changes = [
    missed ? t('scores.missed', { n: missed }) : '',
    added ? t('scores.added', { n: added }) : '',
    moved ? t('scores.moved', { n: moved }) : '',
  ].filter((text) => text !== '');
  return (
    <div className={styles.facts}>
      {missed === undefined ? null : <span>{changes.length === 0 ? t('scores.same') : changes.join(' · ')}</span>}
      {fp32Score === undefined || score === undefined ? null : (
        <span className="dim number">
          {t('scores.image', { fp32: formatFixed(fp32Score, 1), value: formatFixed(score, 1) })}
        </span>
      )}
      {image.group === null ? null : <span className="dim">{t('results.filter.group', { name: image.group })}</span>}
    </div>
  );
}
