import type { Random } from '../../../../src-shared/domain/random';
import { historyEntry, type HistoryEntry } from '../../../../src-shared/domain/history/history-entry';
import { sampleRecord } from '../../runs/sample-run';

const BASE = historyEntry(sampleRecord(), null);

/** The entry of the made-up run number `index`, a day after the one before. */
export function entryAt(index: number, changes: Partial<HistoryEntry> = {}): HistoryEntry {
  const createdAt = new Date(Date.UTC(2026, 0, 1) + index * 24 * 3600e3).toISOString();
  return {
    ...BASE,
    gates: [],
    values: {},
    ...changes,
    createdAt,
    runId: `${createdAt.replaceAll(/[-:.]/g, '')}-abcdef`,
  };
}

/** A normal value (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.nextUnit())) * Math.cos(2 * Math.PI * random.nextUnit());
}
