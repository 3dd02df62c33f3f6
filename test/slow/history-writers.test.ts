import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readHistory } from '../../src-main/runs/history';
import { loadDetails, loadRunIn } from '../../src-main/runs/run-store';
import { createRandom } from '../../src-shared/domain/random';
import { REPO_ROOT } from '../support/shared';

vi.setConfig({ testTimeout: 400_000, hookTimeout: 60_000 });
const KILLS = 200;

let dir = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-writers-'));
  await build({
    configFile: false,
    root: REPO_ROOT,
    logLevel: 'error',
    build: { ssr: join(REPO_ROOT, 'test/support/history-writer.ts'), outDir: join(dir, 'bin'), target: 'node20' },
    ssr: { noExternal: true },
  });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/**
 * Runs two writers until one has recorded a run, and kills both some time later. @returns the ids of the runs that they
 * reported as finished
 */
async function killedWriters(shared: string, milliseconds: number): Promise<readonly string[]> {
  const file = readdirSync(join(dir, 'bin')).find((name) => /^history-writer\.m?js$/.test(name)) ?? '';
  const writers = ['a', 'b'].map((project) => {
    const child = spawn(process.execPath, [join(dir, 'bin', file), join(dir, project), shared], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const started = once(child.stdout, 'data');
    const closed = new Promise<readonly string[]>((done) =>
      // A line that was cut off by the kill is no report.
      child.on('close', () => done(output.split('\n').slice(0, -1))),
    );
    return { child, closed, started };
  });
  await Promise.race(writers.map(({ started }) => started));
  await sleep(milliseconds);
  for (const { child } of writers) child.kill('SIGKILL');
  return (await Promise.all(writers.map(({ closed }) => closed))).flat();
}

describe('two writers of one folder of runs', () => {
  it(`lose no finished run when both are killed ${KILLS} times at any moment`, async () => {
    const random = createRandom(3);
    const finished: string[] = [];
    const shared = join(dir, 'shared');
    // A busy machine finishes fewer runs between two kills; it kills more often.
    for (let kill = 0; kill < KILLS || finished.length <= KILLS; kill += 2) {
      finished.push(...(await killedWriters(shared, 150 * random.nextUnit())));
      const listed = new Set((await readHistory(shared)).entries.map(({ runId }) => runId));
      expect(finished.filter((runId) => !listed.has(runId))).toEqual([]);
    }
    expect(new Set(finished).size).toBe(finished.length);
    expect(finished.length).toBeGreaterThan(KILLS);
    const { entries, unreadable } = await readHistory(shared);
    expect(unreadable).toEqual([]);
    for (const { runId } of entries) {
      expect((await loadRunIn(shared, runId)).runId).toBe(runId);
      expect(loadDetails(shared, runId)?.variant).toBe('mixed');
    }
    expect(readdirSync(shared).filter((name) => name.endsWith('.tmp') && !name.startsWith('.'))).toEqual([]);
  });
});
