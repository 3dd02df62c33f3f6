import { matchGlob } from '../../../src-shared/domain/glob';
import type { Precision, PrecisionChoice } from '../../../src-shared/domain/project/precision';
import type { LayerRow } from '../../panels/layers/layer-rows';

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
