import { useCallback, useMemo, useState } from 'react';
import type { ModelView } from '../../../src-shared/contract/api';
import type { Precision, Target } from '../../../src-shared/domain/precision';
import { t } from '../../i18n';
import { useCommands, type Command } from '../../state/commands';
import { decisionsOf } from '../../state/decision-history';
import { useSession } from '../../state/session';
import type { LayerRow } from '../../widgets/graph/layer-rows';
import { chooseRow, NO_ROWS, onlyRow, type ChooseMode, type RowSelection } from '../../widgets/graph/row-selection';
import type { Layers } from '../../widgets/graph/use-layers';
import { followModel, type ChangeTrack, type DecisionChange } from './decision-changes';
import { layersToChange, precisionEdits } from './precision-edits';

export const PRESETS = ['first-and-head-fp16', 'all-int8'] as const;
export type Preset = (typeof PRESETS)[number];

/** Asks for a precision for some layers, as one step that undo names. */
export function askPrecision(rows: readonly LayerRow[], layers: ReadonlySet<string>, precision: Precision, pattern?: string): void {
  const { project, edit } = useSession.getState();
  const changing = layersToChange(rows, layers, precision);
  const [first] = changing;
  if (project === null || first === undefined) return;
  const name = PRECISION_NAMES[precision];
  const title =
    pattern !== undefined
      ? t('precision.edit.pattern', { pattern, precision: name })
      : changing.length === 1
        ? t('precision.edit.layer', { layer: first, precision: name })
        : t('precision.edit.layers', { count: changing.length, precision: name });
  void edit(title, precisionEdits(changing, precision, decisionsOf(project.file)));
}

export const PRECISION_NAMES: Readonly<Record<Precision, string>> = { int8: 'INT8', fp16: 'FP16', fp32: 'FP32' };

export function applyPreset(preset: Preset): void {
  void useSession.getState().edit(t('precision.edit.preset', { preset: t(`precision.preset.${preset}`) }), [{ kind: 'preset', preset }]);
}

export function chooseTarget(target: Target): void {
  void useSession.getState().edit(t('precision.edit.target', { target: t(`precision.target.${target}`) }), [{ kind: 'target', target }]);
}

export interface ChosenLayers {
  readonly selection: RowSelection;
  readonly choose: (layer: string, mode: ChooseMode, order: readonly string[]) => void;
  readonly chooseMany: (layers: readonly string[]) => void;
}

/** The layers chosen in the table; choosing one elsewhere in the window makes it the only one. */
export function useChosenLayers(layers: Layers): ChosenLayers {
  const active = layers.active?.layer ?? null;
  const [selection, setSelection] = useState<RowSelection>(() => onlyRow(active));
  if (active !== selection.active) setSelection(onlyRow(active));
  return {
    selection,
    choose: (layer, mode, order) => {
      setSelection(chooseRow(selection, order, layer, mode));
      layers.choose(layer);
    },
    chooseMany: (names) => {
      const [first] = names;
      if (first === undefined) return;
      const kept = selection.active !== null && names.includes(selection.active) ? selection.active : first;
      setSelection({ ...NO_ROWS, chosen: new Set(names), active: kept, anchor: kept });
      layers.choose(kept);
    },
  };
}

/** What the last edit changed, followed from one reading of the model to the next. */
export function useDecisionChanges(model: ModelView): readonly DecisionChange[] {
  const [track, setTrack] = useState<ChangeTrack>(() => followModel(null, model));
  const followed = followModel(track, model);
  if (followed !== track) setTrack(followed);
  return followed.changes;
}

const KEYS: Readonly<Record<Precision, readonly string[]>> = { int8: ['8'], fp16: ['6', '1'], fp32: ['3'] };

/** Keys 8, 6 (or 1) and 3 for the chosen layers. */
export function usePrecisionKeys(rows: readonly LayerRow[], chosen: ReadonlySet<string>): void {
  const ask = useCallback((precision: Precision) => askPrecision(rows, chosen, precision), [rows, chosen]);
  useCommands(
    useMemo(
      () =>
        (['int8', 'fp16', 'fp32'] as const).map((precision): Command => ({
          id: `precision.${precision}`,
          titleKey: `precision.command.${precision}`,
          keys: KEYS[precision],
          run: () => ask(precision),
          isEnabled: () => chosen.size > 0,
        })),
      [ask, chosen],
    ),
  );
}
