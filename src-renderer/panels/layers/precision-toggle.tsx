import type { MouseEvent } from 'react';
import { PRECISION_CHOICES, type PrecisionChoice } from '../../../src-shared/domain/project/precision';
import { type Language, t, useLanguage } from '../../i18n';
import { shownChoice } from '../../state/precision-edits';
import { useSession } from '../../state/session';
import { PRECISION_LETTERS } from '../../widgets/badge';
import { classNames } from '../../widgets/class-names';
import { Segmented } from '../../widgets/fields';
import styles from './precision-toggle.module.css';
import { choiceName } from './ask-precision';
import { type LayerRow, reasonText } from './layer-rows';

const CHOSEN_CLASSES: Readonly<Record<PrecisionChoice, string | undefined>> = {
  auto: styles.auto,
  int8: styles.int8,
  fp16: styles.fp16,
  fp32: styles.fp32,
};

interface PrecisionToggleProps {
  readonly layer: string;
  /** The precision that Auto results in for this layer, with the reason; absent unless the layer is on Auto. */
  readonly autoReason?: string | undefined;
  readonly onAsk: (layer: string, choice: PrecisionChoice) => void;
}

/**
 * Auto, 8, 16 or 32 for one layer of a table. A click is shown immediately, before the application has replied. The
 * toggle is not a Tab stop, because the keys of the table do the same.
 */
export function PrecisionToggle({ layer, autoReason, onAsk }: PrecisionToggleProps) {
  const chosen = useSession((state) => shownChoice(state, layer));
  const ask = (event: MouseEvent, choice: PrecisionChoice): void => {
    event.stopPropagation();
    onAsk(layer, choice);
  };
  return (
    <span className={styles.root} role="group" aria-label={t('precision.ask', { layer })}>
      {PRECISION_CHOICES.map((choice) => (
        <button
          key={choice}
          type="button"
          tabIndex={-1}
          className={classNames(
            styles.choice,
            choice === 'auto' && styles.wide,
            choice === chosen && CHOSEN_CLASSES[choice],
          )}
          aria-pressed={choice === chosen}
          // The accessible name contains the visible text, so that users can address the button by voice.
          aria-label={choice === 'auto' ? choiceName(choice) : `${PRECISION_LETTERS[choice]}, ${choiceName(choice)}`}
          title={choice === 'auto' ? (autoReason ?? t('precision.auto.title')) : choiceName(choice)}
          onClick={(event) => ask(event, choice)}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          {choice === 'auto' ? choiceName(choice) : PRECISION_LETTERS[choice]}
        </button>
      ))}
    </span>
  );
}

/**
 * The precision that Auto results in for a layer, with the reason, in one sentence; undefined unless the layer is on
 * Auto.
 */
export function autoReason(row: LayerRow, language: Language): string | undefined {
  if (row.choice !== 'auto') return undefined;
  return t('precision.auto.becomes', { precision: choiceName(row.runsIn), reason: reasonText(row, language) });
}

interface PrecisionSwitchProps {
  readonly row: LayerRow;
  readonly onAsk: (choice: PrecisionChoice) => void;
}

/** Auto, INT8, FP16 or FP32 for the inspected layer, with the precision that Auto results in. */
export function PrecisionSwitch({ row, onAsk }: PrecisionSwitchProps) {
  const language = useLanguage();
  const chosen = useSession((state) => shownChoice(state, row.layer));
  return (
    <>
      <Segmented
        label={t('precision.ask', { layer: row.shortName })}
        isLabelHidden={false}
        value={chosen}
        choices={PRECISION_CHOICES.map((value) => ({ value, label: choiceName(value) }))}
        onChoose={onAsk}
      />
      <p className="dim">{(chosen === 'auto' ? autoReason(row, language) : undefined) ?? t('precision.auto.title')}</p>
    </>
  );
}
