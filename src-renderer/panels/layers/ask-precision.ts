import { useCallback, useMemo } from 'react';
import type { Precision, PrecisionChoice } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { type Command, useCommands } from '../../state/commands';
import { shownChoice } from '../../state/precision-edits';
import { useSession } from '../../state/session';
import type { LayerRow } from './layer-rows';

export const PRECISION_NAMES: Readonly<Record<Precision, string>> = { int8: 'INT8', fp16: 'FP16', fp32: 'FP32' };

export function choiceName(choice: PrecisionChoice): string {
  return choice === 'auto' ? t('precision.auto') : PRECISION_NAMES[choice];
}

/** Requests a precision for some layers, as one named undo step. */
export function askPrecision(
  rows: readonly LayerRow[],
  layers: ReadonlySet<string>,
  choice: PrecisionChoice,
  pattern?: string,
): void {
  const session = useSession.getState();
  // The rows may be older than the last clicks that the application has not processed yet, so use the pending choices.
  const changing = layersToChange(rows, layers, choice, ({ layer }) => shownChoice(session, layer));
  const [first] = changing;
  if (first === undefined) return;
  const precision = choiceName(choice);
  const title =
    pattern !== undefined
      ? t('precision.edit.pattern', { pattern, precision })
      : changing.length === 1
        ? t('precision.edit.layer', { layer: first, precision })
        : t('precision.edit.layers', { count: changing.length, precision });
  void session.edit(
    title,
    changing.map((layer) => ({ kind: 'precision', layer, precision: choice })),
  );
}

/** The layers whose choice would change. */
export function layersToChange(
  rows: readonly LayerRow[],
  layers: ReadonlySet<string>,
  choice: PrecisionChoice,
  choiceNow: (row: LayerRow) => PrecisionChoice = (row) => row.choice,
): string[] {
  return rows.filter((row) => layers.has(row.layer) && choiceNow(row) !== choice).map((row) => row.layer);
}

const KEYS: readonly (readonly [PrecisionChoice, readonly string[]])[] = [
  ['auto', ['A']],
  ['int8', ['8']],
  ['fp16', ['6', '1']],
  ['fp32', ['3']],
];

/** The keys A, 8, 6 (or 1) and 3 set the precision of the chosen layers. */
export function usePrecisionKeys(rows: readonly LayerRow[], chosen: ReadonlySet<string>): void {
  const ask = useCallback((choice: PrecisionChoice) => askPrecision(rows, chosen, choice), [rows, chosen]);
  useCommands(
    useMemo(
      () =>
        KEYS.map(([choice, keys]): Command => ({
          id: `precision.${choice}`,
          titleKey: `precision.command.${choice}`,
          keys,
          run: () => ask(choice),
          isEnabled: () => chosen.size > 0,
        })),
      [ask, chosen],
    ),
  );
}
