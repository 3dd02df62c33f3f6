import { useCallback, useMemo } from 'react';
import type { ModelView } from '../../../src-shared/contract/api';
import { sensitivityOf, useAnalyses } from '../../state/analyses';
import { useSelection } from '../../state/selection';
import { useSession } from '../../state/session';
import { damageShares } from './damage';
import { layerRows, type LayerRow } from './layer-rows';
import { tensorIndex, type TensorIndex } from './tensor-index';

export interface Layers {
  readonly model: ModelView;
  readonly rows: readonly LayerRow[];
  readonly rowOf: (layer: string) => LayerRow | undefined;
  readonly tensors: TensorIndex;
  /** The layer chosen in the window; without one the layer that writes the chosen tensor. */
  readonly active: LayerRow | null;
  /** Chooses a layer everywhere, and its output with it. */
  readonly choose: (layer: string) => void;
}

/** The layers of the open model; null until it is known. */
export function useLayers(): Layers | null {
  const model = useSession((state) => state.model);
  const thresholds = useSession((state) => state.thresholds);
  const layer = useSelection((state) => state.layer);
  const tensor = useSelection((state) => state.tensor);
  const select = useSelection((state) => state.select);
  const analyses = useAnalyses();
  const sensitivity = sensitivityOf(analyses)?.result;
  const damage = useMemo(() => (sensitivity === undefined ? undefined : damageShares(sensitivity)), [sensitivity]);
  const rows = useMemo(() => (model === null ? [] : layerRows(model, thresholds, damage)), [model, thresholds, damage]);
  const byLayer = useMemo(() => new Map(rows.map((row) => [row.layer, row])), [rows]);
  const tensors = useMemo(() => tensorIndex(model ?? { inputs: [], outputs: [], layers: [] }), [model]);
  const rowOf = useCallback((name: string) => byLayer.get(name), [byLayer]);
  const choose = useCallback(
    (name: string): void => {
      const row = byLayer.get(name);
      select({ layer: name, tensor: row?.tensor ?? row?.view.outputs[0] ?? null });
    },
    [byLayer, select],
  );
  if (model === null) return null;
  const activeName = layer ?? (tensor === null ? undefined : tensors.producerOf(tensor));
  return { model, rows, rowOf, tensors, active: activeName === undefined ? null : (byLayer.get(activeName) ?? null), choose };
}
