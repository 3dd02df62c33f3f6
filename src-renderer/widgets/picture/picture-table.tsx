import { formatCount, formatFixed, formatFraction } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import { IGNORED_CLASS, type PictureLayer, type PictureMask, shownBoxes } from './layers';
import styles from './picture-table.module.css';

/** The largest number of rows; the heading says how many boxes there are. */
const MAX_ROWS = 300;

interface PictureTableProps {
  readonly layers: readonly PictureLayer[];
  readonly minScore: number;
  /** The name of a class index in masks. */
  readonly nameOf: (index: number) => string;
}

/** What the picture shows as a table: every box, or the share of every class in every mask. */
export function PictureTable({ layers, minScore, nameOf }: PictureTableProps) {
  const masks = layers.filter((layer) => layer.mask !== null);
  return masks.length > 0 ? (
    <MaskTable layers={masks} nameOf={nameOf} />
  ) : (
    <BoxTable layers={layers} minScore={minScore} />
  );
}

function BoxTable({ layers, minScore }: Pick<PictureTableProps, 'layers' | 'minScore'>) {
  const rows = layers.flatMap((layer) => shownBoxes(layer, minScore).map((box) => ({ layer, box })));
  return (
    <table className={styles.root}>
      <caption>{t('picture.table.boxes', { n: rows.length })}</caption>
      <thead>
        <tr>
          <th scope="col">{t('picture.table.layer')}</th>
          <th scope="col">{t('picture.table.class')}</th>
          <th scope="col" className="number">
            {t('picture.table.score')}
          </th>
          <th scope="col" className="number">
            {t('picture.table.place')}
          </th>
          <th scope="col" className="number">
            {t('picture.table.size')}
          </th>
          <th scope="col">{t('picture.table.change')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, MAX_ROWS).map(({ layer, box }, index) => (
          <tr key={index}>
            <td>{`${layer.letter} ${layer.name}`}</td>
            <td>{box.name}</td>
            <td className="number">{box.score === null ? '–' : formatFixed(box.score, 3)}</td>
            <td className="number">{`${formatFixed(box.left, 1)}, ${formatFixed(box.top, 1)}`}</td>
            <td className="number">
              {`${formatFixed(box.right - box.left, 1)} × ${formatFixed(box.bottom - box.top, 1)}`}
            </td>
            <td>{box.mark === null ? (box.isIgnored ? t('picture.ignored') : '') : t(`picture.mark.${box.mark}`)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function MaskTable({ layers, nameOf }: Pick<PictureTableProps, 'layers' | 'nameOf'>) {
  const shares = layers.map((layer) => (layer.mask === null ? new Map<number, number>() : classShares(layer.mask)));
  const classes = [...new Set(shares.flatMap((share) => [...share.keys()]))].sort((a, b) => a - b);
  return (
    <table className={styles.root}>
      <caption>{t('picture.table.shares', { n: formatCount(classes.length) })}</caption>
      <thead>
        <tr>
          <th scope="col">{t('picture.table.class')}</th>
          {layers.map((layer) => (
            <th key={layer.id} scope="col" className="number">{`${layer.letter} ${layer.name}`}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {classes.map((index) => (
          <tr key={index}>
            <th scope="row">{nameOf(index)}</th>
            {shares.map((share, column) => (
              <td key={layers[column]?.id} className="number">
                {formatFraction(share.get(index) ?? 0)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Class index -> share of the pixels that count. */
export function classShares(mask: PictureMask): ReadonlyMap<number, number> {
  const counts = new Uint32Array(256);
  for (const index of mask.classes) counts[index] = (counts[index] ?? 0) + 1;
  const total = mask.classes.length - (counts[IGNORED_CLASS] ?? 0);
  const shares = new Map<number, number>();
  for (const [index, count] of counts.entries())
    if (count > 0 && index !== IGNORED_CLASS) shares.set(index, count / total);
  return shares;
}
