import { formatCount, formatFixed, formatFraction } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import { classNames } from '../class-names';
import { Segmented } from '../fields';
import { DASHES, MARK_SIGNS } from './draw';
import { type BoxMark, CHANGE_COLOURS, type Difference, hasScores, type PictureLayer, shownBoxes } from './layers';
import styles from './legend.module.css';

/** Shows the pixels where FP32 and the variant differ, instead of one mask. */
export const DIFFERENCE = 'difference';

export interface LayerChoice {
  /** Ids of the layers whose boxes are shown. */
  readonly shown: readonly string[];
  /** Boxes with a lower score are hidden. */
  readonly minScore: number;
  /** Id of the layer whose mask is shown, `difference`, or null for none. */
  readonly mask: string | null;
}

interface LegendProps {
  readonly layers: readonly PictureLayer[];
  readonly choice: LayerChoice;
  readonly onChoose: (choice: LayerChoice) => void;
  /** Present if FP32's mask and another one can be compared. */
  readonly difference: Difference | null;
}

/** The layers of a picture with their colours, line styles and letters; each can be switched on and off. */
export function Legend({ layers, choice, onChoose, difference }: LegendProps) {
  const boxed = layers.filter((layer) => layer.boxes.length > 0 || layer.mask === null);
  const masked = layers.filter((layer) => layer.mask !== null);
  const marks = (['missed', 'added', 'moved'] as const).filter((mark) =>
    layers.some((layer) => layer.boxes.some((box) => box.mark === mark)),
  );
  const toggle = (id: string): void => onChoose({ ...choice, shown: toggled(choice.shown, id) });
  return (
    <div className={styles.root}>
      {masked.length > 0 ? (
        <MaskChoice layers={masked} choice={choice} onChoose={onChoose} hasDifference={difference !== null} />
      ) : (
        <div className={styles.layers} role="group" aria-label={t('picture.layers')}>
          {boxed.map((layer, index) => (
            <button
              key={layer.id}
              type="button"
              className={classNames(styles.layer, !choice.shown.includes(layer.id) && styles.layerOff)}
              aria-pressed={choice.shown.includes(layer.id)}
              title={t('picture.toggle', { name: layer.name, key: index + 1 })}
              onClick={() => toggle(layer.id)}
            >
              <LineSample layer={layer} />
              <span className={styles.letter}>{layer.letter}</span>
              <span>{layer.name}</span>
              <span className="dim number">{formatCount(shownBoxes(layer, choice.minScore).length)}</span>
            </button>
          ))}
        </div>
      )}
      {choice.mask === DIFFERENCE && difference !== null ? <DifferenceKey difference={difference} /> : null}
      {marks.length === 0 ? null : <MarksKey marks={marks} />}
      {hasScores(layers) ? (
        <label className={styles.score}>
          <span>{t('picture.minScore')}</span>
          <input
            type="range"
            min={0}
            max={1}
            step={0.01}
            value={choice.minScore}
            aria-valuetext={formatFixed(choice.minScore, 2)}
            onChange={(event) => onChoose({ ...choice, minScore: Number(event.target.value) })}
            // Arrow keys move the slider and not to another image.
            onKeyDown={(event) => event.stopPropagation()}
          />
          <span className="number">{formatFixed(choice.minScore, 2)}</span>
        </label>
      ) : null}
    </div>
  );
}

export function toggled(ids: readonly string[], id: string): readonly string[] {
  return ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id];
}

/** The line of a layer as it is drawn in the picture. */
function LineSample({ layer }: { readonly layer: PictureLayer }) {
  return (
    <svg className={styles.sample} width={26} height={10} aria-hidden="true">
      <line x1={0} x2={26} y1={5} y2={5} className={styles.sampleEdge} />
      <line
        x1={1}
        x2={25}
        y1={5}
        y2={5}
        stroke={layer.colour}
        strokeWidth={2}
        strokeDasharray={DASHES[layer.line].join(' ')}
      />
    </svg>
  );
}

interface MaskChoiceProps {
  readonly layers: readonly PictureLayer[];
  readonly choice: LayerChoice;
  readonly onChoose: (choice: LayerChoice) => void;
  readonly hasDifference: boolean;
}

const NO_MASK = 'none';

function MaskChoice({ layers, choice, onChoose, hasDifference }: MaskChoiceProps) {
  return (
    <Segmented
      label={t('picture.mask')}
      value={choice.mask ?? NO_MASK}
      choices={[
        ...layers.map((layer) => ({ value: layer.id, label: `${layer.letter} ${layer.name}` })),
        ...(hasDifference ? [{ value: DIFFERENCE, label: t('picture.difference') }] : []),
        { value: NO_MASK, label: t('picture.noMask') },
      ]}
      onChoose={(mask) => onChoose({ ...choice, mask: mask === NO_MASK ? null : mask })}
    />
  );
}

const PATCHES = { lost: styles.patchLost, won: styles.patchWon, changed: styles.patchChanged };

function DifferenceKey({ difference }: { readonly difference: Difference }) {
  return (
    <ul className={styles.key}>
      {(['lost', 'won', 'changed'] as const).map((change) => (
        <li key={change}>
          <span
            className={classNames(styles.patch, PATCHES[change])}
            style={{ color: `rgb(${CHANGE_COLOURS[change].join(' ')})` }}
          />
          {t(`picture.${change}`, {
            share: difference.total === 0 ? '–' : formatFraction(difference.counts[change] / difference.total),
          })}
        </li>
      ))}
    </ul>
  );
}

function MarksKey({ marks }: { readonly marks: readonly BoxMark[] }) {
  return (
    <ul className={styles.key}>
      {marks.map((mark) => (
        <li key={mark}>
          <b>{MARK_SIGNS[mark]}</b> {t(`picture.mark.${mark}`)}
        </li>
      ))}
    </ul>
  );
}
