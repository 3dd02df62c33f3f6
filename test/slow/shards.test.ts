import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CalibrateResult, PrepareResult, ShardResult } from '../../src-shared/contract/job-results';
import { calib, calibJson, startCalib } from '../support/calib-process';
import { REPO_ROOT } from '../support/shared';
import { slowLayers, writeSlowModel } from '../support/slow-model';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';

const SAMPLE = join(REPO_ROOT, 'resources/sample');

const VALIDATION_IMAGES = 594;

/** Images of the model that is interrupted. */
const SLOW_IMAGES = 24;

let dir = '';
/** The sample, calibrated in one process. */
let whole = '';
/** A small model, calibrated. */
let tiny = '';

const copyOf = (project: string, name: string): string => {
  const copy = join(dir, name);
  cpSync(project, copy, { recursive: true });
  return copy;
};

/** The file of a calibration, by which the project is told apart from others. */
const histogramsOf = (project: string): Buffer => {
  const files = readdirSync(join(project, 'calibration'), { recursive: true }).map(String);
  return readFileSync(join(project, 'calibration', files.find((name) => name.endsWith('histograms.bin')) ?? ''));
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-shards-'));
  const fresh = join(dir, 'fresh.calib');
  const images = ['--calibration', join(SAMPLE, 'calibration'), '--validation', join(SAMPLE, 'validation')];
  await calibJson('init', join(SAMPLE, 'plate_chars.onnx'), ...images, '-o', fresh);
  whole = copyOf(fresh, 'whole.calib');
  await calibJson('calibrate', whole);
  await writeTinyModel(join(dir, 'tiny.onnx'));
  await writeTinyImages(join(dir, 'tiny'), 24);
  tiny = join(dir, 'tiny.calib');
  const few = ['--calibration', join(dir, 'tiny'), '--validation', join(dir, 'tiny')];
  await calibJson('init', join(dir, 'tiny.onnx'), ...few, '-o', tiny);
  await calibJson('set', tiny, '--method', 'minmax');
  await calibJson('calibrate', tiny);
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('shards of a calibration', () => {
  it('are kept when they are finished, and merged to the bytes of a single process', async () => {
    const project = copyOf(join(dir, 'fresh.calib'), 'parts.calib');
    const shards = join(dir, 'calibration-shards');
    const part = (...args: readonly string[]): Promise<CalibrateResult> =>
      calibJson<CalibrateResult>('calibrate', project, '--shards', shards, ...args);
    const [first, second] = await Promise.all([part('--shard', '1/3'), part('--shard', '2/3')]);
    expect(first.images + second.images).toBe(132);
    expect(await part('--shard', '1/3')).toMatchObject({ kept: true, images: 66, sha256: first.sha256 });
    await expect(calibJson('merge', project, shards)).rejects.toThrow(/Shard 3 of 3 is missing/);
    const environment = { SLURM_ARRAY_TASK_ID: '5', SLURM_ARRAY_TASK_MIN: '3', SLURM_ARRAY_TASK_MAX: '5' };
    const third = await startCalib(['calibrate', project, '--shards', shards, '--shard', 'auto'], {
      env: { ...environment, SLURM_ARRAY_TASK_COUNT: '3', SLURM_ARRAY_TASK_STEP: '1' },
    }).outcome;
    expect(third.stderr).toContain("shard 3 of 3, from Slurm's job array (SLURM_ARRAY_TASK_ID=5");
    truncateSync(first.shardPath ?? '', 1000);
    await expect(calibJson('merge', project, shards)).rejects.toThrow(/is damaged/);
    expect((await part('--shard', '1/3')).kept).toBeUndefined();
    const merged = await calibJson<CalibrateResult>('merge', project, shards);
    expect(merged).toMatchObject({ images: 198, method: 'best' });
    expect(histogramsOf(project).equals(histogramsOf(whole))).toBe(true);
    // The shards of another project, and those of other images.
    const other = copyOf(whole, 'other.calib');
    await calibJson('set', other, '--scale', '1/128');
    await expect(calibJson('merge', other, shards)).rejects.toThrow(
      /were made for another model, image set or settings/,
    );
  }, 300_000);

  it('may be more than there are images', async () => {
    const project = copyOf(tiny, 'few.calib');
    const shards = join(dir, 'few-shards');
    const few = ['--limit', '2'];
    const part = (i: number): Promise<CalibrateResult> =>
      calibJson('calibrate', project, ...few, '--shards', shards, '--shard', `${i}/3`);
    expect(await Promise.all([1, 2, 3].map(part))).toMatchObject([{ images: 1 }, { images: 1 }, { images: 0 }]);
    const merged = await calibJson<CalibrateResult>('merge', project, shards);
    expect(merged.sha256).toBe((await calibJson<CalibrateResult>('calibrate', project, ...few, '--fresh')).sha256);
  }, 60_000);

  it('of part of a set are merged to the calibration of that part', async () => {
    const project = copyOf(tiny, 'limited.calib');
    for (const shard of ['1/2', '2/2']) await calibJson('calibrate', project, '--limit', '10', '--shard', shard);
    expect(await calibJson('merge', project)).toMatchObject({ images: 10 });
    expect(await calibJson('calibrate', project, '--limit', '10')).toMatchObject({ kept: true, images: 10 });
  }, 300_000);
});

describe('shards of a validation', () => {
  it('are merged to the result of a single process', async () => {
    const single = await calib('validate', whole, '--limit', '120', '--json');
    const project = copyOf(whole, 'validated.calib');
    const prepared = await calibJson<PrepareResult>('prepare', project);
    expect(prepared.sets.map(({ set, images }) => [set, images])).toEqual([
      ['calibration', 198],
      ['validation', VALIDATION_IMAGES],
    ]);
    const hashes = readFileSync(join(project, 'image-hashes/validation.txt'), 'utf8');
    const parts = await Promise.all(
      ['1/2', '2/2'].map((shard) =>
        calibJson<ShardResult>('validate', project, '--limit', '120', '--shard', shard, '--threads', '1'),
      ),
    );
    expect(parts).toMatchObject([{ done: 60, kept: false }, { done: 60 }]);
    expect(await calibJson('validate', project, '--limit', '120', '--shard', '2/2')).toMatchObject({ kept: true });
    expect(readFileSync(join(project, 'image-hashes/validation.txt'), 'utf8')).toBe(hashes);
    const elsewhere = copyOf(whole, 'elsewhere.calib');
    const merged = await calib('merge', elsewhere, project, '--json');
    expect(merged.stdout).toBe(single.stdout);
    await calibJson('set', elsewhere, '--preset', 'first-and-head-fp16');
    await expect(calibJson('merge', elsewhere, project)).rejects.toThrow(
      /made for another model, image set or settings/,
    );
  }, 300_000);

  it('run on ort-cpu', async () => {
    const { code, stderr } = await calib('validate', tiny, '--shard', '1/2', '--backend', 'ort-webgpu');
    expect(code).toBe(2);
    expect(stderr).toContain('Expected backend ort-cpu for a shard of a validation, found ort-webgpu');
  }, 300_000);
});

describe('shards of trials', () => {
  it('give the sensitivity of a single process', async () => {
    const { layers, baseline } = await calibJson('sensitivity', copyOf(tiny, 'single-sensitivity.calib'));
    const project = copyOf(tiny, 'sensitive.calib');
    for (const shard of ['1/2', '2/2']) await calibJson('sensitivity', project, '--shard', shard);
    const merged = await calibJson('merge', copyOf(tiny, 'elsewhere-2.calib'), project);
    expect({ layers: merged['layers'], baseline: merged['baseline'] }).toEqual({ layers, baseline });
    await expect(calibJson('sensitivity', project, '--kind', 'visible', '--shard', '1/2')).rejects.toThrow(
      /one model only/,
    );
  }, 300_000);

  it('rank the layers of a search, which then finds their answers', async () => {
    const args = ['--method', 'minmax', '--max-layers', '1'];
    const single = await calibJson('search', copyOf(tiny, 'searched.calib'), ...args);
    const project = copyOf(tiny, 'ranked.calib');
    for (const shard of ['1/2', '2/2']) await calibJson('search', project, ...args, '--shard', shard);
    const { trials } = await calibJson('merge', project, '--of', 'search');
    expect(trials).toBeGreaterThan(1);
    const after = await calibJson('search', project, ...args);
    const qualities = (plans: unknown): unknown => (plans as { quality: unknown }[]).map(({ quality }) => quality);
    expect(after['ranking']).toEqual(single['ranking']);
    expect(qualities(after['plans'])).toEqual(qualities(single['plans']));
    expect(after['passes']).toBeLessThan(single['passes'] as number);
    await expect(calibJson('search', copyOf(tiny, 'no-auto.calib'), '--shard', '1/2')).rejects.toThrow(/method auto/);
  }, 300_000);
});

describe('SIGTERM', () => {
  let slow = '';
  beforeAll(async () => {
    // A log gets a line of progress every two seconds. Many images of 0.4 s each remain after the first line, also on a
    // machine that became faster since it was measured.
    await writeSlowModel(join(dir, 'slow.onnx'), await slowLayers(0.4));
    await writeTinyImages(join(dir, 'images'), SLOW_IMAGES);
    slow = join(dir, 'slow.calib');
    const images = ['--calibration', join(dir, 'images'), '--validation', join(dir, 'images')];
    await calibJson('init', join(dir, 'slow.onnx'), ...images, '-o', slow);
    await calibJson('set', slow, '--method', 'minmax');
  });

  it('lets a shard finish its image and store it for another machine', async () => {
    const here = copyOf(slow, 'here.calib');
    const elsewhere = copyOf(slow, 'there.calib');
    const shards = join(dir, 'stopped');
    const args = ['--shard', '1/1', '--shards', shards, '--threads', '1'];
    const running = startCalib(['calibrate', here, ...args]);
    await running.stderrMatches(/collecting histograms: [1-9]\d*\/24/);
    running.child.kill('SIGTERM');
    const { code, stderr } = await running.outcome;
    expect(code).toBe(143);
    const [, done = ''] = /Stopped after (\d+) of 24 images of shard 1 of 1/.exec(stderr) ?? [];
    expect(Number(done)).toBeGreaterThanOrEqual(2);
    expect(readdirSync(shards).sort()).toEqual(['calibrate-1-of-1.partial', 'calibrate-1-of-1.partial.json']);
    await expect(calibJson('merge', elsewhere, shards)).rejects.toThrow(/stopped early and not finished/);
    const finished = await calibJson<CalibrateResult>('calibrate', elsewhere, ...args);
    expect(finished).toMatchObject({ images: SLOW_IMAGES, resumedImages: Number(done) });
    expect(readdirSync(shards).sort()).toEqual(['calibrate-1-of-1.shard', 'calibrate-1-of-1.shard.json']);
    const single = await calibJson<CalibrateResult>('calibrate', copyOf(slow, 'single.calib'), '--threads', '1');
    expect(finished.sha256).toBe(single.sha256);
    expect(await calibJson('merge', here, shards)).toMatchObject({ sha256: single.sha256 });
  }, 300_000);

  it('lets a shard of a validation store the images that were answered', async () => {
    const args = ['validate', slow, '--variants', 'fp32', '--shard', '1/1', '--threads', '1'];
    const running = startCalib(args);
    await running.stderrMatches(/validating: (1\d|2[0-2])\/24/);
    running.child.kill('SIGTERM');
    const { code, stderr } = await running.outcome;
    expect(code).toBe(143);
    const [, done = ''] = /Stopped after (\d+) of 24 images/.exec(stderr) ?? [];
    expect(Number(done)).toBeGreaterThan(5);
    expect(readdirSync(join(slow, 'shards'))).toContain('validate-1-of-1.partial');
    const again = await startCalib([...args, '--json']).outcome;
    // Few images are left, so that they may be done before a line is due.
    const [, first = '24'] = /validating: (\d+)\/24/.exec(again.stderr) ?? [];
    expect(Number(first)).toBeGreaterThanOrEqual(Number(done));
    expect(JSON.parse(again.stdout)).toMatchObject({ done: SLOW_IMAGES });
  }, 300_000);

  it('before the first image ends with the same code', async () => {
    const running = startCalib(['calibrate', whole, '--shard', '1/2', '--fresh']);
    await running.stderrMatches(/reading the calibration set/);
    running.child.kill('SIGTERM');
    const { code, stderr } = await running.outcome;
    expect([code, stderr]).toEqual([143, expect.stringMatching(/Stopped (before the first|after \d+ of 99)/)]);
  }, 300_000);
});
