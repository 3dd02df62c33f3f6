import type { LayerView, ModelView } from '../../../src-shared/contract/views';
import type { Precision } from '../../../src-shared/domain/project/precision';

/** The change of one layer's decision by an edit. */
export interface DecisionChange {
  readonly layer: string;
  readonly before: Precision;
  readonly after: Precision;
  readonly code: string;
  /** True if the plan of this layer was edited; false if the layer changed because another one did. */
  readonly isAsked: boolean;
}

/** Layers whose precision, reason or edges differ between two views of the same layers, in topological order. */
export function decisionChanges(before: ModelView, after: ModelView): DecisionChange[] {
  const known = new Map(before.layers.map((layer) => [layer.layer, layer]));
  return after.layers.flatMap((layer): DecisionChange[] => {
    const old = known.get(layer.layer);
    if (old === undefined || sameDecisions(old, layer)) return [];
    return [
      {
        layer: layer.layer,
        before: old.decision.precision,
        after: layer.decision.precision,
        code: layer.decision.code,
        isAsked: old.choice !== layer.choice,
      },
    ];
  });
}

function sameDecisions(a: LayerView, b: LayerView): boolean {
  return a.choice === b.choice && signature(a) === signature(b);
}

/** Precision and code of the layer and of its edges. */
function signature(layer: LayerView): string {
  return [layer.decision, ...layer.edges]
    .map(({ precision, code, tensor }) => `${precision} ${code} ${tensor ?? ''}`)
    .join('\n');
}

/** The changes that the last edit made, and the model view after them. */
export interface ChangeTrack {
  readonly model: ModelView;
  readonly changes: readonly DecisionChange[];
}

/** The track after the model was read again. The changes of the last edit stay if the new view differs in nothing. */
export function followModel(track: ChangeTrack | null, model: ModelView): ChangeTrack {
  if (track === null) return { model, changes: [] };
  if (track.model === model) return track;
  if (!hasSameLayers(track.model, model)) return { model, changes: [] };
  const changes = decisionChanges(track.model, model);
  return { model, changes: changes.length === 0 ? track.changes : changes };
}

function hasSameLayers(a: ModelView, b: ModelView): boolean {
  return (
    a.layers.length === b.layers.length && a.layers.every((layer, index) => layer.layer === b.layers[index]?.layer)
  );
}
