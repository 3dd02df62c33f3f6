import type { LayerView, ModelView } from '../../../src-shared/contract/views';
import { matchGlob } from '../../../src-shared/domain/glob';
import type { Precision, PrecisionChoice } from '../../../src-shared/domain/project/precision';
import type { LayerRow } from '../../panels/layers/layer-rows';

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

/** The layers that the table shows, before the search narrows them. */
export type LayerFilter = 'all' | 'changed' | 'refused';

export function applyLayerFilter(
  rows: readonly LayerRow[],
  filter: LayerFilter,
  changed: ReadonlySet<string>,
): readonly LayerRow[] {
  switch (filter) {
    case 'all':
      return rows;
    case 'changed':
      return rows.filter((row) => changed.has(row.layer));
    case 'refused':
      return rows.filter((row) => row.isRefused);
  }
}

/** Layers whose whole name matches a pattern, in which `*` is any text and `?` is one character. */
export function layersMatching(rows: readonly LayerRow[], pattern: string): string[] {
  const trimmed = pattern.trim();
  return trimmed === '' ? [] : rows.filter((row) => matchGlob(trimmed, row.layer)).map((row) => row.layer);
}

export type PrecisionCounts = Readonly<Record<Precision, number>>;

export function countPrecisions(rows: readonly LayerRow[], of: (row: LayerRow) => Precision): PrecisionCounts {
  const counts: Record<Precision, number> = { int8: 0, fp16: 0, fp32: 0 };
  for (const row of rows) counts[of(row)] += 1;
  return counts;
}

export type ChoiceCounts = Readonly<Record<PrecisionChoice, number>>;

export function countChoices(rows: readonly Pick<LayerRow, 'choice'>[]): ChoiceCounts {
  const counts: Record<PrecisionChoice, number> = { auto: 0, int8: 0, fp16: 0, fp32: 0 };
  for (const { choice } of rows) counts[choice] += 1;
  return counts;
}
