// How long a history of many runs takes to list, and how much memory: node test/bench/history.mjs [--runs 5000]
// [--record RUN.json]. Runs are copies of one record with other ids and values.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5000' }, record: { type: 'string' } },
});
const root = resolve(import.meta.dirname, '../..');
const record = JSON.parse(readFileSync(values.record ?? join(root, 'test/fixtures/runs/version-2.json'), 'utf8'));
const dir = mkdtempSync(join(tmpdir(), 'calib-history-'));
try {
  const all = Number(values.runs);
  for (let i = 0; i < all; i += 1) {
    const createdAt = new Date(Date.UTC(2024, 0, 1) + i * 3600e3).toISOString();
    const runId = `${createdAt.replaceAll(/[-:.]/g, '')}-${i.toString(16).padStart(6, '0')}`;
    mkdirSync(join(dir, runId));
    const table = record.table.map((row) => ({ ...row, latencyMs: (row.latencyMs ?? 1) * (1 + (i % 7) / 100) }));
    writeFileSync(join(dir, runId, 'run.json'), JSON.stringify({ ...record, runId, createdAt, table }));
  }
  const measure = (...args) => {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(
      '/usr/bin/env',
      [
        'bash',
        '-c',
        'command time -f "%M" "$@"',
        '-',
        process.execPath,
        join(root, 'out/main/calib.js'),
        'history',
        dir,
        ...args,
      ],
      { encoding: 'utf8', maxBuffer: 1e9 },
    );
    if (status !== 0) throw new Error(stderr);
    return {
      seconds: (performance.now() - startedAt) / 1000,
      memoryMb: Number(stderr.trim().split('\n').at(-1)) / 1024,
    };
  };
  const result = { runs: all, fromRecords: measure(), list: measure(), trend: measure('--metric', 'latencyMs') };
  // As runs are recorded: each has its entry in a small file. A folder that was copied may lack the index.
  const index = JSON.parse(readFileSync(join(dir, 'index.json'), 'utf8'));
  for (const entry of index.entries)
    writeFileSync(join(dir, entry.runId, 'entry.json'), JSON.stringify({ version: index.version, entry }));
  rmSync(join(dir, 'index.json'));
  result.withoutIndex = measure();
  process.stdout.write(`${JSON.stringify(result, null, 1)}\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
