/**
 * Runs in MLflow: against a server that the test starts, if the Python package is there (the program `mlflow` on the
 * PATH, or the one that CALIB_MLFLOW names).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sendToMlflow } from '../../src-main/cli/ci/mlflow';
import { sampleRecord } from '../unit/runs/sample-run';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const program = process.env['CALIB_MLFLOW'] ?? 'mlflow';
const isThere = spawnSync(program, ['--version'], { encoding: 'utf8' }).status === 0;

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-mlflow-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function finishedRun(): Parameters<typeof sendToMlflow>[1] {
  const record = sampleRecord({ source: { branch: 'main', commit: 'abc' } });
  const folder = join(dir, record.runId);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), JSON.stringify(record));
  writeFileSync(join(folder, 'report.html'), '<p>report</p>');
  return { runId: record.runId, record, report: join(folder, 'report.html') };
}

describe.skipIf(!isThere)('an MLflow server', () => {
  let server: ChildProcess | undefined;
  let uri = '';

  beforeAll(async () => {
    const port = await freePort();
    uri = `http://127.0.0.1:${port}`;
    const store = [
      '--backend-store-uri',
      `sqlite:///${join(dir, 'mlflow.db')}`,
      '--artifacts-destination',
      join(dir, 'store'),
    ];
    server = spawn(program, ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...store], {
      stdio: 'ignore',
      detached: true,
    });
    for (let waited = 0; ; waited += 500) {
      const isUp = await fetch(`${uri}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isUp) return;
      if (waited > 100_000) throw new Error('the MLflow server did not start');
      await sleep(500);
    }
  });
  afterAll(() => {
    if (server?.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
  });

  it('holds the run with its parameters, metrics, tags and artifacts', async () => {
    const run = finishedRun();
    const page = await sendToMlflow(uri, run);
    const id = page.split('/').at(-1) ?? '';
    const get = async (path: string): Promise<unknown> => (await fetch(`${uri}/${path}`)).json();
    const found = (await get(`api/2.0/mlflow/runs/get?run_id=${id}`)) as {
      run: {
        info: { run_name: string; status: string; experiment_id: string };
        data: Record<'params' | 'metrics' | 'tags', { key: string; value: unknown }[]>;
      };
    };
    const { info, data } = found.run;
    const valueOf = (list: keyof typeof data, key: string): unknown => data[list].find((one) => one.key === key)?.value;
    // Two of the three gates of the made-up run are missed.
    expect(info).toMatchObject({ run_name: run.runId, status: 'FAILED' });
    expect(valueOf('params', 'method')).toBe('entropy');
    expect(valueOf('params', 'model_sha256')).toBe('ab'.repeat(32));
    expect(valueOf('metrics', 'latencyMs')).toBeCloseTo(1.11, 1);
    expect(valueOf('metrics', 'gate/maxTop1Drop')).toBe(0);
    expect(valueOf('metrics', 'gate/maxLatencyMs')).toBe(1);
    expect(valueOf('tags', 'mlflow.source.git.branch')).toBe('main');
    const artifacts = (await get(`api/2.0/mlflow/artifacts/list?run_id=${id}`)) as { files: { path: string }[] };
    expect(artifacts.files.map(({ path }) => path).sort()).toEqual(['report.html', 'run.json']);
    // A second run is recorded in the same experiment.
    const again = await sendToMlflow(uri, run);
    expect(again.split('/runs/')[0]).toBe(page.split('/runs/')[0]);
    expect(again).not.toBe(page);
  });
});

describe('a server that does not answer', () => {
  it('is named with the reason', async () => {
    const port = await freePort();
    await expect(sendToMlflow(`http://127.0.0.1:${port}`, finishedRun())).rejects.toThrow(
      `http://127.0.0.1:${port} cannot be reached`,
    );
    await expect(sendToMlflow('file:./mlruns', finishedRun())).rejects.toThrow('expected an address');
  });
});
