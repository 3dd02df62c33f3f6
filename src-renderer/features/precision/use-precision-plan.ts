import { useState } from 'react';
import type { ModelView } from '../../../src-shared/contract/views';
import type { SwitchedRepair, Target } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { type ChooseMode, chooseRow, NO_ROWS, onlyRow, type RowSelection } from '../../panels/layers/layer-rows';
import type { Layers } from '../../panels/layers/use-layers';
import { type ChangeTrack, type DecisionChange, followModel } from './plan-logic';

export const PRESETS = ['first-and-head-fp16', 'all-int8'] as const;
export type Preset = (typeof PRESETS)[number];

export function applyPreset(preset: Preset): void {
  void useSession
    .getState()
    .edit(t('precision.edit.preset', { preset: t(`precision.preset.${preset}`) }), [{ kind: 'preset', preset }]);
}

export function chooseTarget(target: Target): void {
  void useSession
    .getState()
    .edit(t('precision.edit.target', { target: t(`precision.target.${target}`) }), [{ kind: 'target', target }]);
}

export function switchRepair(repair: SwitchedRepair, isOn: boolean): void {
  const name = t(isOn ? 'precision.edit.repairOn' : 'precision.edit.repairOff', {
    repair: t(`precision.repair.${repair}`),
  });
  void useSession.getState().edit(name, [{ kind: 'repair', repair, isOn }]);
}

/** @param key of the factors; null: off */
export function switchSmoothing(key: string | null): void {
  const name = t(key === null ? 'precision.edit.repairOff' : 'precision.edit.repairOn', {
    repair: t('precision.repair.smoothing'),
  });
  void useSession.getState().edit(name, [{ kind: 'smoothing', key }]);
}

/** Learned thresholds for all tensors, with their biases and roundings. Off: the method that a new project has. */
export function switchLearned(isOn: boolean): void {
  const name = t(isOn ? 'precision.edit.repairOn' : 'precision.edit.repairOff', {
    repair: t('precision.repair.learned'),
  });
  void useSession.getState().edit(name, [
    { kind: 'clear-tensor', tensor: '*' },
    { kind: 'method', method: isOn ? 'learned' : 'best' },
  ]);
}

export interface ChosenLayers {
  readonly selection: RowSelection;
  readonly choose: (layer: string, mode: ChooseMode, order: readonly string[]) => void;
  readonly chooseMany: (layers: readonly string[]) => void;
}

/**
 * The layers that are chosen in the table. Choosing a layer elsewhere in the window replaces the choice by that layer.
 */
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

/** The changes of the last edit, updated whenever the model has been read again. */
export function useDecisionChanges(model: ModelView): readonly DecisionChange[] {
  const [track, setTrack] = useState<ChangeTrack>(() => followModel(null, model));
  const followed = followModel(track, model);
  if (followed !== track) setTrack(followed);
  return followed.changes;
}
