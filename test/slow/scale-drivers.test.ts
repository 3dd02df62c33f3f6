import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CalibrateResult } from '../../src-shared/contract/job-results';
import { calibJson } from '../support/calib-process';
import { findTool, needs, pythonWith, runProgram, startProgram } from '../support/programs';
import { REPO_ROOT } from '../support/shared';
import { freePort, SLURM_TOOLS, startSlurm, until, type SlurmCluster } from '../support/slurm';
import { slowLayers, writeSlowModel } from '../support/slow-model';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';

const SCALE = join(REPO_ROOT, 'resources/scale');
const CALIB = `${process.execPath} ${join(REPO_ROOT, 'out/main/calib.js')}`;
const IMAGES = 12;

let dir = '';
/** Prepared and not calibrated, and the hash of the histograms that one process collects. */
interface Fresh {
  readonly path: string;
  readonly sha256: string;
}

/** Its shards take seconds, so that they can be stopped. */
let slow: Fresh = { path: '', sha256: '' };
let quick: Fresh = slow;

const copyOf = ({ path }: Fresh, name: string): string => {
  const copy = join(dir, name);
  cpSync(path, copy, { recursive: true });
  return copy;
};

async function freshProject(name: string): Promise<Fresh> {
  const path = join(dir, `${name}.calib`);
  await calibJson('init', join(dir, `${name}.onnx`), '--calibration', join(dir, 'images'), '-o', path);
  await calibJson('set', path, '--method', 'minmax');
  await calibJson('prepare', path);
  const single = copyOf({ path, sha256: '' }, `single-${name}.calib`);
  return { path, sha256: (await calibJson<CalibrateResult>('calibrate', single)).sha256 };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-drivers-'));
  await writeSlowModel(join(dir, 'slow.onnx'), await slowLayers(0.7));
  await writeTinyModel(join(dir, 'quick.onnx'));
  await writeTinyImages(join(dir, 'images'), IMAGES);
  slow = await freshProject('slow');
  quick = await freshProject('quick');
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
}

/** A process whose command line contains the text; null if there is none. */
function processWith(text: string): RunningProcess | null {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (!readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(text)) continue;
      const [, parent = ''] = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8')) ?? [];
      return { pid: Number(name), parent: Number(parent) };
    } catch {
      continue; // It has ended.
    }
  }
  return null;
}

async function found(text: string): Promise<RunningProcess> {
  let running: RunningProcess | null = null;
  await until(`a process runs ${text}`, () => (running = processWith(text)) !== null);
  return running ?? { pid: 0, parent: 0 };
}

const python = pythonWith('ray');
const [rayTitle, isWithoutRay] = needs('the driver for Ray', { ray: python });
describe.skipIf(isWithoutRay)(rayTitle, () => {
  it('repeats the shard of a worker that was killed', async () => {
    const project = copyOf(quick, 'ray.calib');
    const shards = join(dir, 'ray-shards');
    // Half a core each, so that four workers run on two cores.
    const driver = ['--count', '4', '--shards', shards, '--cpus', '0.5', '--calib', CALIB];
    const job = ['--', 'calibrate', project, '--threads', '1'];
    const env = { RAY_TMPDIR: dir };
    const script = join(SCALE, 'ray_shards.py');
    const first = startProgram(python ?? '', [script, ...driver, '--no-merge', ...job], env);
    const { parent: worker } = await found(`calibrate ${project} --threads 1 --shards ${shards} --shard 2/4`);
    process.kill(worker, 'SIGKILL');
    const { code, stdout, stderr } = await first.outcome;
    expect(code, stderr).toBe(0);
    const results = JSON.parse(stdout) as { index: number; worker: number; images: number }[];
    expect(results.map(({ index, images }) => [index, images])).toEqual([1, 2, 3, 4].map((index) => [index, 3]));
    expect(new Set(results.map((result) => result.worker)).size).toBeGreaterThan(2);
    expect(results[1]?.worker).not.toBe(worker);
    // Started again, the driver keeps what is finished, computes what was lost, and merges.
    for (const name of readdirSync(shards)) if (name.startsWith('calibrate-3-')) rmSync(join(shards, name));
    const second = await startProgram(python ?? '', [script, ...driver, ...job], env).outcome;
    expect(second.code, second.stderr).toBe(0);
    for (const index of [1, 2, 4]) expect(second.stderr).toMatch(new RegExp(`shard ${index} of 4: [\\d.]+ s, kept`));
    expect(second.stderr).toMatch(/shard 3 of 4: [\d.]+ s$/m);
    expect(JSON.parse(second.stdout)).toMatchObject({ images: IMAGES, sha256: quick.sha256 });
  }, 180_000);
});

const [slurmTitle, isWithoutSlurm] = needs(
  'the scripts for Slurm',
  Object.fromEntries([
    ...SLURM_TOOLS.map((name) => [name, findTool(name)] as const),
    ['the rights of root', process.getuid?.() === 0 ? 'root' : null],
  ]),
);
describe.skipIf(isWithoutSlurm)(slurmTitle, () => {
  let cluster: SlurmCluster;
  let logs = '';
  beforeAll(async () => {
    cluster = await startSlurm(join(dir, 'slurm'));
    logs = join(dir, 'slurm-logs');
    mkdirSync(logs);
  });
  afterAll(() => cluster.stop());

  const submit = async (project: string, env: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    const flags = `--chdir=${logs} --cpus-per-task=1`;
    const variables = { ...cluster.env, CALIB, COUNT: '2', SBATCH_FLAGS: flags, ...env };
    const ids = await runProgram(join(SCALE, 'slurm/submit.sh'), ['calibrate', project, '--threads', '1'], variables);
    return ids.trim().split(' ');
  };
  const ends = (id: string): Promise<void> =>
    until(
      `job ${id} is completed`,
      async () => /JobState=COMPLETED/.test(await runProgram('scontrol', ['-o', 'show', 'job', id], cluster.env)),
      // Each question is a process; a job waits for its turn, its shards and the scheduler.
      { everyMs: 500, atMostMs: 150_000 },
    );

  it('put a task that was asked to end back into the queue, and merge when all have ended', async () => {
    const project = copyOf(slow, 'slurm.calib');
    const [array = '', merge = ''] = await submit(project, {});
    const log = join(logs, `calib-${array}-1.log`);
    await until('shard 2 has images', () => {
      try {
        return /collecting histograms: [1-9]/.test(readFileSync(log, 'utf8'));
      } catch {
        return false;
      }
    });
    await runProgram('scancel', ['--batch', '--signal=TERM', `${array}_1`], cluster.env);
    await ends(merge);
    expect(readFileSync(log, 'utf8')).toMatch(/Stopped after \d of 6 images of shard 2 of 2[^]*6 images, \d of them/);
    expect(readFileSync(join(logs, `calib-${array}-merge.log`), 'utf8')).toContain(`sha256 ${slow.sha256}`);
    // A single shard that was lost; the others are not computed again.
    const shards = join(project, 'shards');
    for (const name of readdirSync(shards)) if (name.startsWith('calibrate-2-')) rmSync(join(shards, name));
    const [again = '', mergedAgain = ''] = await submit(project, { TASKS: '1' });
    await ends(mergedAgain);
    expect(
      readdirSync(logs)
        .filter((name) => name.startsWith(`calib-${again}-`))
        .sort(),
    ).toEqual([`calib-${again}-1.log`, `calib-${again}-merge.log`]);
    expect(readFileSync(join(logs, `calib-${again}-merge.log`), 'utf8')).toContain(`sha256 ${slow.sha256}`);
  }, 320_000);
});

const validator = findTool('kubernetes-validate');
const [kubernetesTitle, isWithoutValidator] = needs('the manifests for Kubernetes', {
  'kubernetes-validate': validator,
});
describe.skipIf(isWithoutValidator)(kubernetesTitle, () => {
  it('fit the schema of Kubernetes', async () => {
    const manifests = readdirSync(join(SCALE, 'kubernetes')).map((name) => join(SCALE, 'kubernetes', name));
    expect(manifests.length).toBeGreaterThan(1);
    expect(await runProgram(validator ?? '', ['--strict', ...manifests])).not.toMatch(/error/i);
  });
});

/** Computes a shard as on a machine that sees the store only. */
const storeShard = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  startProgram(join(SCALE, 'store-shard.sh'), ['calibrate', ...args, '--threads', '1'], { CALIB, ...env });

describe('shards in a folder that is copied to', () => {
  it('are continued elsewhere after SIGTERM, kept when they are finished, and merged', async () => {
    const store = join(dir, 'store');
    mkdirSync(store);
    const env = { STORE: store, COPY: 'cp' };
    const here = copyOf(slow, 'store-here.calib');
    const elsewhere = copyOf(slow, 'store-there.calib');
    const stopped = storeShard([here], { SHARD: '1/2', ...env });
    let progress = '';
    stopped.child.stderr?.on('data', (text: string) => (progress += text));
    await until('the shard has images', () => /collecting histograms: [1-9]/.test(progress));
    stopped.child.kill('SIGTERM');
    expect((await stopped.outcome).code).toBe(143);
    expect(readdirSync(store).sort()).toEqual(['calibrate-1-of-2.partial', 'calibrate-1-of-2.partial.json']);
    const [first, second] = await Promise.all([
      storeShard([elsewhere], { SHARD: '1/2', ...env }).outcome,
      storeShard([here], { SHARD: '2/2', ...env }).outcome,
    ]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.stdout).toMatch(/6 images, [1-5] of them from before/);
    expect((await storeShard([elsewhere], { SHARD: '2/2', ...env }).outcome).stderr).toContain('was kept');
    expect(await calibJson('merge', here, store)).toMatchObject({ images: IMAGES, sha256: slow.sha256 });
  }, 180_000);
});

const [aws, motoServer] = [findTool('aws'), findTool('moto_server')];
const [objectStoreTitle, isWithoutObjectStore] = needs('shards in an object store', { aws, moto_server: motoServer });
describe.skipIf(isWithoutObjectStore)(objectStoreTitle, () => {
  it('are kept when they are finished, and merged from a copy', async () => {
    const port = await freePort();
    const server = startProgram(motoServer ?? '', ['-H', '127.0.0.1', '-p', String(port)]);
    try {
      const account = { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any', AWS_DEFAULT_REGION: 'us-east-1' };
      const s3 = (...args: readonly string[]): Promise<string> =>
        runProgram(aws ?? '', ['--endpoint-url', `http://127.0.0.1:${port}`, 's3', ...args], account);
      await until('the object store answers', () =>
        s3('mb', 's3://calibration').then(
          () => true,
          () => false,
        ),
      );
      const copy = `${aws} --endpoint-url http://127.0.0.1:${port} s3 cp --only-show-errors`;
      const env = { ...account, SHARD: '1/1', STORE: 's3://calibration/slow', COPY: copy };
      const project = copyOf(quick, 'object-store.calib');
      const { code, stderr } = await storeShard([project, '--limit', '2'], env).outcome;
      expect(code, stderr).toBe(0);
      expect((await storeShard([project, '--limit', '2'], env).outcome).stderr).toContain('was kept');
      await s3('cp', '--recursive', '--only-show-errors', 's3://calibration/slow', join(dir, 'downloaded'));
      expect(await calibJson('merge', project, join(dir, 'downloaded'))).toMatchObject({ images: 2 });
    } finally {
      server.child.kill('SIGTERM');
      await server.outcome;
    }
  }, 180_000);
});
