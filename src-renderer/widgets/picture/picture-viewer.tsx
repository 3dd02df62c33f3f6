import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { formatFixed, formatFraction } from '../../../src-shared/base/units';
import { classColour } from '../../../src-shared/domain/palette';
import { t } from '../../i18n';
import { Button, IconButton } from '../button';
import { classNames } from '../class-names';
import { Dialog } from '../dialog';
import { Checkbox, Segmented } from '../fields';
import { Icon } from '../icons';
import { DIFFERENCE, type LayerChoice, Legend, toggled } from './legend';
import type { PictureLayer } from './layers';
import { className, differenceOf, type PictureContent, PicturePane, underPoint } from './picture-pane';
import { classShares, PictureTable } from './picture-table';
import type { PictureView } from './zoom';
import styles from './picture-viewer.module.css';

/** How the layers are shown: all in one picture, or one picture for every answer. */
export type Arrangement = 'together' | 'apart';

export interface ViewerSettings {
  /** The layers that are hidden; new layers are visible. */
  readonly hidden: readonly string[];
  readonly minScore: number;
  /** The mask that is chosen; null: the last layer's. */
  readonly mask: string | null;
  readonly arrangement: Arrangement;
  readonly isBright: boolean;
}

interface PictureViewerProps {
  /** Position in a list of pictures, from 0. */
  readonly index: number;
  readonly count: number;
  readonly name: string;
  /** null while it is loading. */
  readonly content: PictureContent | null;
  /** Why the picture or the answers cannot be shown; null if they can. */
  readonly problem: string | null;
  /** Facts about the picture below it. */
  readonly facts?: ReactNode;
  readonly settings: ViewerSettings;
  readonly onSettings: (settings: ViewerSettings) => void;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
}

/**
 * A large picture with its answers in a dialog. Arrow keys, Home and End walk through the list, digits switch the
 * layers, S shows the answers side by side, B brightens, T shows the table, Escape closes.
 */
export function PictureViewer(props: PictureViewerProps) {
  const { index, count, name, content, problem, facts, settings, onSettings, onMove, onClose } = props;
  const [isTable, setTable] = useState(false);
  const layers = content?.layers ?? NO_LAYERS;
  const choice = choiceOf(settings, layers);
  const difference = useMemo(() => differenceOf(layers), [layers]);
  const canSplit = layers.some((layer) => layer.boxes.length > 0 || layer.mask !== null) && layers.length > 1;
  const choose = (next: LayerChoice): void =>
    onSettings({
      ...settings,
      hidden: layers.map((layer) => layer.id).filter((id) => !next.shown.includes(id)),
      minScore: next.minScore,
      mask: next.mask ?? NO_MASK,
    });
  const move = (to: number): void => onMove(Math.min(count - 1, Math.max(0, to)));
  const onKeyDown = (event: KeyboardEvent): void => {
    const actions: ReadonlyMap<string, () => void> = new Map([
      ['ArrowLeft', () => move(index - 1)],
      ['ArrowUp', () => move(index - 1)],
      ['ArrowRight', () => move(index + 1)],
      ['ArrowDown', () => move(index + 1)],
      ['Home', () => move(0)],
      ['End', () => move(count - 1)],
      ['s', () => canSplit && onSettings({ ...settings, arrangement: other(settings.arrangement) })],
      ['b', () => onSettings({ ...settings, isBright: !settings.isBright })],
      ['t', () => setTable(!isTable)],
      ...layers.map((layer, i) => [String(i + 1), () => choose(withKey(choice, layer))] as const),
      ['d', () => difference !== null && choose({ ...choice, mask: DIFFERENCE })],
    ]);
    const action = actions.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (action === undefined || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  return (
    <Dialog className={styles.root} title={t('picture.title', { name, n: index + 1, all: count })} onClose={onClose}>
      <div className={styles.body} onKeyDown={onKeyDown}>
        <div className={styles.tools}>
          {content === null ? null : (
            <Legend layers={layers} choice={choice} difference={difference} onChoose={choose} />
          )}
          <span className={styles.grow} />
          {canSplit ? (
            <Segmented
              label={t('picture.arrangement')}
              value={settings.arrangement}
              choices={(['together', 'apart'] as const).map((value) => ({ value, label: t(`picture.${value}`) }))}
              onChoose={(arrangement) => onSettings({ ...settings, arrangement })}
            />
          ) : null}
          <Checkbox
            label={t('picture.bright')}
            checked={settings.isBright}
            onChange={(isBright) => onSettings({ ...settings, isBright })}
          />
          <Button tone="quiet" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
            {t('picture.table')}
          </Button>
        </div>
        <div className={styles.stage}>
          <IconButton
            icon="chevron-left"
            label={t('picture.previous')}
            disabled={index === 0}
            onClick={() => move(index - 1)}
          />
          <Stage
            key={index}
            content={content}
            problem={problem}
            name={name}
            choice={choice}
            difference={difference}
            settings={canSplit ? settings : { ...settings, arrangement: 'together' }}
          />
          <IconButton
            icon="chevron-right"
            label={t('picture.next')}
            disabled={index === count - 1}
            onClick={() => move(index + 1)}
          />
        </div>
        <div className={styles.facts}>
          {problem === null || content === null ? null : <Problem text={problem} />}
          {content === null ? null : <ClassKey content={content} mask={choice.mask} />}
          <AnswerLists layers={layers} />
          {facts}
        </div>
        {isTable && content !== null ? (
          <div className={styles.table} tabIndex={0} role="region" aria-label={t('picture.table')}>
            <PictureTable layers={layers} minScore={choice.minScore} nameOf={(i) => className(content, i)} />
          </div>
        ) : null}
      </div>
    </Dialog>
  );
}

const NO_LAYERS: readonly PictureLayer[] = [];
const NO_MASK = 'none';

const other = (arrangement: Arrangement): Arrangement => (arrangement === 'apart' ? 'together' : 'apart');

/** The layers and the mask that the settings select among those of one picture. */
function choiceOf({ hidden, minScore, mask }: ViewerSettings, layers: readonly PictureLayer[]): LayerChoice {
  const masked = layers.filter((layer) => layer.mask !== null);
  const last = masked.at(-1)?.id ?? null;
  const isKnown = mask === DIFFERENCE || masked.some((layer) => layer.id === mask);
  return {
    shown: layers.map((layer) => layer.id).filter((id) => !hidden.includes(id)),
    minScore,
    mask: mask === NO_MASK ? null : isKnown ? mask : last,
  };
}

/** A digit switches the boxes of a layer, and chooses its mask. */
function withKey(choice: LayerChoice, layer: PictureLayer): LayerChoice {
  if (layer.mask === null) return { ...choice, shown: toggled(choice.shown, layer.id) };
  return { ...choice, mask: choice.mask === layer.id ? null : layer.id };
}

interface StageProps extends Pick<PictureViewerProps, 'content' | 'problem' | 'name' | 'settings'> {
  readonly choice: LayerChoice;
  readonly difference: ReturnType<typeof differenceOf>;
}

/** One picture, or several that are zoomed and moved together. */
function Stage({ content, problem, name, choice, difference, settings }: StageProps) {
  const [view, setView] = useState<PictureView | null>(null);
  const [point, setPoint] = useState<{ readonly x: number; readonly y: number } | null>(null);
  const zoom = useMemo(() => ({ view, onChange: setView }), [view]);
  const root = useRef<HTMLDivElement>(null);
  const isLoading = content === null;
  const { arrangement } = settings;
  // Another picture replaces the element that has the focus. Without a focus inside, the keys would have no effect.
  useEffect(() => {
    if (document.activeElement === null || document.activeElement === document.body)
      (root.current?.querySelector<HTMLElement>('[tabindex="0"]') ?? root.current)?.focus();
  }, [isLoading, arrangement]);
  if (content === null) {
    return (
      <div ref={root} className={styles.empty} tabIndex={0} data-autofocus="" aria-busy={problem === null}>
        {problem === null ? t('picture.loading') : <Problem text={problem} />}
      </div>
    );
  }
  const panes = settings.arrangement === 'apart' ? panesOf(content.layers, choice) : [{ layer: null, choice }];
  return (
    <div ref={root} className={styles.panes}>
      {panes.map((pane) => (
        <figure key={pane.layer?.id ?? ''} className={styles.pane}>
          {pane.layer === null ? null : <figcaption>{`${pane.layer.letter} ${pane.layer.name}`}</figcaption>}
          <PicturePane
            content={content}
            choice={pane.choice}
            difference={difference}
            name={name}
            isBright={settings.isBright}
            zoom={zoom}
            onPoint={setPoint}
          />
        </figure>
      ))}
      <div className={classNames(styles.readout, 'number')} aria-hidden="true">
        {point === null ? t('picture.zoomHint') : underPoint(content, choice, point)}
      </div>
    </div>
  );
}

/** With boxes, one pane per answer, each with the truth; with masks, one pane per mask. */
function panesOf(
  layers: readonly PictureLayer[],
  choice: LayerChoice,
): readonly { readonly layer: PictureLayer; readonly choice: LayerChoice }[] {
  const masked = layers.filter((layer) => layer.mask !== null);
  if (masked.length > 0) return masked.map((layer) => ({ layer, choice: { ...choice, mask: layer.id } }));
  return layers
    .filter((layer) => layer.id !== 'truth')
    .map((layer) => ({
      layer,
      choice: { ...choice, shown: choice.shown.filter((id) => id === 'truth' || id === layer.id) },
    }));
}

/** The largest number of classes in the key of a mask; the table has all. */
const KEY_CLASSES = 12;

/** Which colour of a mask is which class, the largest first. */
function ClassKey({ content, mask }: { readonly content: PictureContent; readonly mask: string | null }) {
  const shown = content.layers.find((layer) => layer.id === mask)?.mask ?? null;
  const shares = useMemo(() => (shown === null ? [] : [...classShares(shown)].sort((a, b) => b[1] - a[1])), [shown]);
  if (shares.length === 0) return null;
  return (
    <ul className={styles.classes} aria-label={t('picture.classes')}>
      {shares.slice(0, KEY_CLASSES).map(([index, share]) => (
        <li key={index}>
          <span
            className={styles.swatch}
            style={index === content.background ? {} : { background: `rgb(${classColour(index).join(' ')})` }}
          />
          {className(content, index)} <span className="dim number">{formatFraction(share)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Answers without a place in the picture, one line per layer. */
function AnswerLists({ layers }: { readonly layers: readonly PictureLayer[] }) {
  const answered = layers.filter(({ answers }) => answers.length > 0);
  if (answered.length === 0) return null;
  return (
    <dl className={styles.answers} aria-label={t('picture.answers')}>
      {answered.map((layer) => (
        <div key={layer.id}>
          <dt>{`${layer.letter} ${layer.name}`}</dt>
          <dd>
            {layer.answers.map(({ name, score }, index) => (
              <span key={index}>
                {index === 0 ? <b>{name}</b> : name}
                {score === null ? null : <span className="dim number"> {formatFixed(score, 2)}</span>}
              </span>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Problem({ text }: { readonly text: string }) {
  return (
    <p className={styles.problem} role="alert">
      <Icon name="warning" size={13} /> {text}
    </p>
  );
}
