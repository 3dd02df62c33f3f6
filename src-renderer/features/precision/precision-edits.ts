import type { ProjectDecisions, ProjectEdit } from '../../../src-shared/contract/api';
import { matchGlob } from '../../../src-shared/domain/glob';
import type { Precision } from '../../../src-shared/domain/precision';
import type { LayerRow } from '../../widgets/graph/layer-rows';

/** Above this one edit carries the whole plan: the application matches every named layer against all layers. */
const NAMED_LAYERS_MAX = 64;

/** Edits that ask for one precision for the layers named. `decisions` is the project as it is. */
export function precisionEdits(layers: readonly string[], precision: Precision, decisions: ProjectDecisions): ProjectEdit[] {
  // A name with a wildcard in it would speak of other layers too.
  const isNameable = layers.length <= NAMED_LAYERS_MAX && layers.every((layer) => !/[*?]/.test(layer));
  if (isNameable) return layers.map((layer) => ({ kind: 'precision', layer, precision }));
  const asked = new Set(layers);
  const kept = Object.entries(decisions.plan.layers).filter(([layer]) => !asked.has(layer));
  // int8 is what a layer has without an entry.
  const added = precision === 'int8' ? [] : layers.map((layer) => [layer, precision] as const);
  return [{ kind: 'restore', decisions: { ...decisions, plan: { ...decisions.plan, layers: Object.fromEntries([...kept, ...added]) } } }];
}

/** Layers whose plan would change. */
export function layersToChange(rows: readonly LayerRow[], layers: ReadonlySet<string>, precision: Precision): string[] {
  return rows.filter((row) => layers.has(row.layer) && row.planned !== precision).map((row) => row.layer);
}

/** Layers that a pattern names: the same rule as the application's (`*` any text, `?` one character, the whole name). */
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
