import { matchGlob } from '../../../src-shared/domain/glob';
import type { Precision } from '../../../src-shared/domain/project/precision';
import type { LayerRow } from '../../panels/layers/layer-rows';

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
