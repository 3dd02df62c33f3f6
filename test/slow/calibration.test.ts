import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CalibrationIndex } from '../../src-main/calibration/histograms/calibration-index';
import { createWorkbench } from '../../src-main/app/create-workbench';
import type { CalibrateResult } from '../../src-shared/contract/job-results';
import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import { calibJson, startCalib } from '../support/calib-process';
import { createTestProject } from '../support/project-fixture';
import { createRandom } from '../support/random';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';

const IMAGES = 240;

let dir = '';
let expected = '';
let made = 0;

/** A fresh project; its calibration shares nothing with other projects. */
async function project(calibration = 'images', model = 'tiny.onnx'): Promise<string> {
  const path = join(dir, `p${made++}.calib`);
  const sets = { model: join(dir, model), images: join(dir, calibration), project: path };
  // These tests are about histograms: measuring the methods after every pass would double their time.
  await createTestProject({ ...sets, validation: null }, { method: 'minmax' });
  return path;
}

const calibrate = (path: string, ...flags: readonly string[]): Promise<CalibrateResult> =>
  calibJson<CalibrateResult>('calibrate', path, ...flags);

function indexOf(path: string): CalibrationIndex {
  const [key = ''] = readdirSync(join(path, 'calibration')).filter((name) =>
    existsSync(join(path, 'calibration', name, 'index.json')),
  );
  return JSON.parse(readFileSync(join(path, 'calibration', key, 'index.json'), 'utf8')) as CalibrationIndex;
}

function imageFiles(): string[] {
  return readdirSync(join(dir, 'images'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

function shuffled(files: readonly string[]): string[] {
  const random = createRandom(3);
  return files
    .map((file) => ({ file, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ file }) => file);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-e2e-'));
  await writeTinyModel(join(dir, 'tiny.onnx'));
  await writeTinyModel(join(dir, 'tiny4.onnx'), { batch: 4 });
  await writeTinyImages(join(dir, 'images'), IMAGES);
  const result = await calibrate(await project(), '--threads', '1');
  expect(result).toMatchObject({ images: IMAGES, skipped: [], groups: ['day', 'night'], resumedImages: 0, threads: 1 });
  expected = result.sha256;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('calibration is bit-identical', () => {
  it('for two threads', async () => {
    expect((await calibrate(await project(), '--threads', '2')).sha256).toBe(expected);
  });

  it('for images in another order', async () => {
    writeFileSync(join(dir, 'list.txt'), shuffled(imageFiles()).join('\n'));
    const result = await calibrate(await project('list.txt'));
    expect(result.images).toBe(IMAGES);
    expect(result.sha256).toBe(expected);
  });

  it('for two shards that are merged, in any order', async () => {
    const path = await project();
    const first = await calibrate(path, '--shard', '1/2');
    const second = await calibrate(path, '--shard', '2/2');
    expect(first.images + second.images).toBe(IMAGES);
    const merged = await calibJson<CalibrateResult>('merge', path, second.shardPath ?? '', first.shardPath ?? '');
    expect(merged).toMatchObject({ images: IMAGES, sha256: expected });
  });

  it('for two shards of one project that are collected at the same time', async () => {
    const path = await project();
    const [first, second] = await Promise.all([calibrate(path, '--shard', '1/2'), calibrate(path, '--shard', '2/2')]);
    const merged = await calibJson<CalibrateResult>('merge', path, first.shardPath ?? '', second.shardPath ?? '');
    expect(merged).toMatchObject({ images: IMAGES, sha256: expected });
    expect(readdirSync(path).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('for a shard while another process holds the project, but not twice the same shard', async () => {
    const path = await project();
    const heldBy = JSON.stringify({ pid: process.pid, host: hostname(), startedAtMs: Date.now(), token: 'theirs' });
    writeFileSync(join(path, 'project.lock'), heldBy);
    await expect(calibrate(path)).rejects.toThrow(/is held by process/);
    expect((await calibrate(path, '--shard', '1/2')).images).toBe(IMAGES / 2);
    writeFileSync(join(path, 'calibrate-2-of-2.lock'), heldBy);
    await expect(calibrate(path, '--shard', '2/2')).rejects.toThrow(/is held by process/);
  });

  it('when it is interrupted with Ctrl-C and resumed', async () => {
    const path = await project();
    const running = startCalib(['calibrate', path, '--threads', '1']);
    await running.stderrMatches(/collecting histograms/);
    const interruptedAt = performance.now();
    running.child.kill('SIGINT');
    const { code } = await running.outcome;
    expect(performance.now() - interruptedAt).toBeLessThan(2_000);
    expect(code).toBe(130);
    const left = readdirSync(path, { recursive: true }).map(String);
    expect(left.filter((name) => /tmp|unfinished|lock/.test(name))).toEqual([]);
    expect(left.filter((name) => /index\.json|histograms\.bin/.test(name))).toEqual([]);
    expect((await calibrate(path)).sha256).toBe(expected);
  });

  it('when it is cancelled half way and resumed from its checkpoint', async () => {
    const path = await project();
    const workbench = createWorkbench();
    try {
      const halted = await new Promise<JobSnapshot>((resolve) => {
        workbench.subscribe((event) => {
          if (event.type !== 'job') return;
          if (isFinished(event.job)) resolve(event.job);
          else if (event.job.phase === 'collecting histograms' && event.job.done > 0)
            void workbench.cancelJob({ jobId: event.job.id });
        });
        void workbench.startJob({ kind: 'calibrate', projectPath: path, threads: 2 });
      });
      expect(halted).toMatchObject({ state: 'cancelled', forced: false });
    } finally {
      workbench.dispose();
    }
    const resumed = await calibrate(path);
    expect(resumed.resumedImages).toBeGreaterThan(0);
    expect(resumed.resumedImages).toBeLessThan(IMAGES);
    expect(resumed).toMatchObject({ images: IMAGES, sha256: expected });
  });

  it('for images that a list repeats: as often as they are listed, in any order and in shards', async () => {
    const files = imageFiles().slice(0, 12);
    const list = (name: string, lines: readonly string[]): string => {
      writeFileSync(join(dir, name), lines.join('\n'));
      return name;
    };
    const once = await calibrate(await project(list('once.txt', files)));
    const twicePath = await project(list('twice.txt', [...files, ...files]));
    const twice = await calibrate(twicePath, '--threads', '1');
    expect(twice).toMatchObject({ images: 24, skipped: [] });
    expect(twice.warnings.find(({ code }) => code === 'images-repeated')?.message).toMatch(
      /^12 files of the list are named more than once and counted as often/,
    );
    expect(twice.sha256).not.toBe(once.sha256);

    // Twice everything: every count doubles, every threshold stays where it was.
    const whole = indexOf(twicePath);
    expect(
      whole.tensors.map(({ name, elements, thresholds }) => ({ name, elements: elements / 2, thresholds })),
    ).toEqual(indexOf(once.project).tensors.map(({ name, elements, thresholds }) => ({ name, elements, thresholds })));

    const other = await project(list('mixed.txt', shuffled([...files, ...files])));
    expect((await calibrate(other, '--threads', '2')).sha256).toBe(twice.sha256);
    const sharded = await project('mixed.txt');
    const shards = await Promise.all([calibrate(sharded, '--shard', '1/2'), calibrate(sharded, '--shard', '2/2')]);
    const merged = await calibJson<CalibrateResult>(
      'merge',
      sharded,
      shards[0].shardPath ?? '',
      shards[1].shardPath ?? '',
    );
    expect(merged).toMatchObject({ images: 24, sha256: twice.sha256 });
  });

  it('for a model with a fixed batch of 4: any order, threads and a rest that does not fill a batch', async () => {
    const list = (name: string, files: readonly string[]): string => {
      writeFileSync(join(dir, name), files.slice(0, 41).join('\n'));
      return name;
    };
    const files = imageFiles().slice(0, 41);
    const first = await calibrate(await project(list('four-a.txt', files), 'tiny4.onnx'), '--threads', '1');
    const second = await calibrate(await project(list('four-b.txt', shuffled(files)), 'tiny4.onnx'), '--threads', '2');
    expect(first.images).toBe(41);
    expect(second.sha256).toBe(first.sha256);
    const single = await calibrate(await project('four-a.txt'));
    expect(single.sha256).toBe(first.sha256);
  });
});

describe('calibrate', () => {
  it('gives the same bytes with as few workers as the memory limit allows, and says when one is too many', async () => {
    const under = async (limitMb: number): ReturnType<typeof calibrate> =>
      calibrate(await project(), '--threads', '2', '--memory-limit', String(limitMb / 1000));
    await expect(under(10)).rejects.toThrow(/of weights of this model takes .* more than the memory limit of 10\.0 MB/);
    // More than the process takes without a worker, less than with one; what it takes depends on the machine.
    let oneWorkerMb = 0;
    for (const limitMb of [130, 120, 110, 100]) {
      if (oneWorkerMb > 0) break;
      const refusal = await under(limitMb).then(
        () => '',
        (error: unknown) => String(error),
      );
      oneWorkerMb = Number(/One worker takes (\d+) MB/.exec(refusal)?.[1] ?? 0);
    }
    const limited = await under(oneWorkerMb + 40);
    expect(limited).toMatchObject({
      sha256: expected,
      threads: 1,
      warnings: [
        expect.objectContaining({
          code: 'memory-limit',
          message: expect.stringContaining(`the limit of ${oneWorkerMb + 40} MB has no room for more`) as string,
        }),
      ],
    });
    const roomy = await calibrate(await project(), '--threads', '2', '--memory-limit', '64');
    expect(roomy).toMatchObject({ sha256: expected, threads: 2, warnings: [] });
    await expect(calibrate(await project(), '--memory-limit', '-1')).rejects.toThrow(/--memory-limit/);
  });

  it('keeps a finished calibration of the same content and collects again with --fresh', async () => {
    const path = await project();
    await calibrate(path);
    expect(await calibrate(path)).toMatchObject({ kept: true, sha256: expected });
    expect(await calibrate(path, '--fresh')).toMatchObject({ sha256: expected, resumedImages: 0 });
  });

  it('counts the same images again only once in a merge', async () => {
    const path = await project();
    const { shardPath = '' } = await calibrate(path, '--shard', '1/2');
    const copy = join(dir, 'copy.shard');
    copyFileSync(shardPath, copy);
    await expect(calibJson('merge', path, shardPath, copy)).rejects.toThrow(/copy.shard cannot be checked/);
    copyFileSync(`${shardPath}.json`, `${copy}.json`);
    await expect(calibJson('merge', path, shardPath, copy)).rejects.toThrow(/Shard 1 of 2 is named 2 times/);
    await expect(calibJson('merge', path, shardPath)).rejects.toThrow(/Shard 2 of 2 is missing/);
  });

  it('counts every value once: elements of the input are images times its size', async () => {
    const path = await project();
    await calibrate(path);
    const workbench = createWorkbench();
    try {
      const {
        total,
        groups,
        imageFiles: files,
        imageAmax,
      } = await workbench.getHistogram({ projectPath: path, tensor: 'input' });
      expect(total.elementCount).toBe(IMAGES * 3 * 16 * 16);
      expect((groups['day']?.elementCount ?? 0) + (groups['night']?.elementCount ?? 0)).toBe(total.elementCount);
      expect(groups['night']?.max).toBeLessThan(0.4);
      expect(files).toHaveLength(IMAGES);
      expect(Math.max(...imageAmax)).toBe(total.max);
    } finally {
      workbench.dispose();
    }
    expect(existsSync(join(path, 'project.lock'))).toBe(false);
  });
});
