/** The rules about histories, on synthetic histories of known truth. */
import { describe, expect, it, vi } from 'vitest';
import { findAnomalies } from '../../src-shared/domain/history/anomalies';
import type { HistoryEntry, MetricName } from '../../src-shared/domain/history/history-entry';
import { estimateReadiness } from '../../src-shared/domain/history/readiness';
import { createRandom, type Random } from '../../src-shared/domain/random';
import { entryAt, normal } from '../unit/domain/history/entries';

vi.setConfig({ testTimeout: 240_000 });

const gate = (name: string, value: number, limit: number): HistoryEntry['gates'][number] => ({
  name,
  value,
  limit,
  state: 'met',
});

describe('anomalies', () => {
  /** Histories of known truth: log-normal noise, and one run in twenty slower by half, as on a busy machine. */
  function rates(metric: MetricName, runs: number, noise: number): { readonly found: number; readonly false: number } {
    const random = createRandom(runs * 1000 + Math.round(noise * 1000));
    const all = 3000;
    let found = 0;
    let falseAlarms = 0;
    for (let i = 0; i < all; i += 1) {
      const level = Math.exp(3 * normal(random));
      const value = (): number => level * Math.exp(noise * normal(random));
      const before = Array.from({ length: runs }, (_, run) =>
        entryAt(run, { values: { [metric]: value() * (random.nextUnit() < 0.05 ? 1.5 : 1) } }),
      );
      const usual = value();
      const isFound = (own: number): boolean =>
        findAnomalies(entryAt(runs, { values: { [metric]: own } }), before).anomalies.length > 0;
      if (isFound(usual)) falseAlarms += 1;
      if (isFound(usual * 1.2)) found += 1;
    }
    return { found: found / all, false: falseAlarms / all };
  }

  it.each([
    ['latencyMs', 8, 0.02],
    ['latencyMs', 8, 0.03],
    ['latencyMs', 10, 0.03],
    ['latencyMs', 14, 0.03],
    ['latencyMs', 20, 0.03],
    ['latencyMs', 50, 0.03],
    ['buildSeconds', 30, 0.01],
  ] as const)(
    'finds regressions by a fifth (%s, %i runs, noise %d), with fewer than 2 false alarms in 100',
    (metric, runs, noise) => {
      const rate = rates(metric, runs, noise);
      expect(rate.found).toBeGreaterThan(0.95);
      expect(rate.false).toBeLessThan(0.02);
    },
  );
});

describe('readiness', () => {
  /** One to three gates with common and own noise, and a slope in half of the histories. */
  function history(random: Random): { readonly entries: HistoryEntry[]; readonly isMet: boolean } {
    const runs = 8 + Math.floor(random.nextUnit() * 20);
    const gates = Array.from({ length: 1 + Math.floor(random.nextUnit() * 3) }, (_, i) => ({
      name: ['maxDrop', 'minTop1', 'maxLatencyMs'][i] ?? '',
      limit: i === 1 ? 90 : 5,
      // In units of the noise, at the last run.
      margin: 2.5 * normal(random) + 1,
      slope: random.nextUnit() < 0.5 ? 0 : 0.4 * normal(random),
      noise: Math.exp(normal(random)) / 10,
    }));
    const entries = Array.from({ length: runs + 1 }, (_, run) => {
      const common = normal(random);
      return entryAt(run, {
        gates: gates.map(({ name, limit, margin, slope, noise }) => {
          const own = margin + slope * (run - runs + 1) + 0.6 * common + 0.8 * normal(random);
          return gate(name, limit + (name.startsWith('min') ? 1 : -1) * own * noise, limit);
        }),
      });
    });
    const isMet = (entries.at(-1)?.gates ?? []).every(({ name, value, limit }) =>
      name.startsWith('min') ? (value ?? 0) >= (limit ?? 0) : (value ?? 0) <= (limit ?? 0),
    );
    return { entries: entries.slice(0, -1), isMet };
  }

  it('is calibrated within 10 points on histories of known truth', () => {
    const random = createRandom(5);
    const bins = Array.from({ length: 10 }, () => ({ all: 0, met: 0, predicted: 0 }));
    for (let i = 0; i < 3000; i += 1) {
      const { entries, isMet } = history(random);
      const readiness = estimateReadiness(entries);
      if (readiness.state !== 'estimated') throw new Error(readiness.reason);
      const bin = bins[Math.min(9, Math.floor(10 * readiness.probability))];
      if (bin === undefined) continue;
      bin.all += 1;
      bin.predicted += readiness.probability;
      if (isMet) bin.met += 1;
    }
    for (const { all, met, predicted } of bins) {
      expect(all).toBeGreaterThan(60);
      expect(Math.abs(met - predicted) / all, `${met} of ${all}, predicted ${predicted}`).toBeLessThan(0.1);
    }
  });
});
