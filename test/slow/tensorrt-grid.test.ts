import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExportResult, ImportReport, ThresholdTable } from '../../src-shared/contract/views';
import type { CalibrateResult, QuantizeResult } from '../../src-shared/contract/job-results';
import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import { parseCalibrationCache } from '../../src-main/calibration/tensorrt/trt-cache';
import { tensorAsFloat32 } from '../../src-main/onnx/graph/tensor-values';
import { readModel } from '../../src-main/onnx/wire/wire-reader';
import { createWorkbench } from '../../src-main/app/create-workbench';
import { calib, calibJson } from '../support/calib-process';
import { createTestProject } from '../support/project-fixture';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';

const IMAGES = 120;
const BATCH = '8';

let dir = '';
let files: string[] = [];
let made = 0;
let whole = '';
let plainSha256 = '';
let expected: Readonly<Record<string, number>> = {};

async function project(list: readonly string[] = files, model = 'tiny.onnx'): Promise<string> {
  const name = made++;
  writeFileSync(join(dir, `list-${name}.txt`), list.join('\n'));
  const path = join(dir, `p${name}.calib`);
  const images = join(dir, `list-${name}.txt`);
  // Nothing here is about the best method: measuring the methods after every pass would double the time.
  await createTestProject({ model: join(dir, model), images, validation: null, project: path }, { method: 'minmax' });
  return path;
}

/** A copy of the project that the whole set was collected in, with the grid. */
function gridProject(): string {
  const path = join(dir, `p${made++}.calib`);
  cpSync(whole, path, { recursive: true });
  return path;
}

const calibrate = (path: string, ...flags: readonly string[]): Promise<CalibrateResult> =>
  calibJson<CalibrateResult>('calibrate', path, ...flags);
const withGrid = (path: string, ...flags: readonly string[]): Promise<CalibrateResult> =>
  calibrate(path, '--tensorrt-grid', BATCH, ...flags);

async function thresholdsOf(path: string, method = 'entropy-tensorrt'): Promise<Record<string, number>> {
  const table = await calibJson<ThresholdTable>('thresholds', path, '--method', method);
  return Object.fromEntries(table.tensors.map((row) => [row.name, row.threshold]));
}

async function exported(path: string): Promise<string> {
  const out = join(dir, `out-${made++}.cache`);
  await calibJson<ExportResult>('export', path, '--format', 'trt-cache', '-o', out);
  return readFileSync(out, 'utf8');
}

async function cancelledHalfWay(path: string): Promise<JobSnapshot> {
  const workbench = createWorkbench();
  try {
    return await new Promise<JobSnapshot>((resolve) => {
      workbench.subscribe((event) => {
        if (event.type !== 'job') return;
        if (isFinished(event.job)) resolve(event.job);
        else if (event.job.phase === 'collecting histograms' && event.job.done > 0)
          void workbench.cancelJob({ jobId: event.job.id });
      });
      void workbench.startJob({ kind: 'calibrate', projectPath: path, threads: 1, tensorrtGridBatch: Number(BATCH) });
    });
  } finally {
    workbench.dispose();
  }
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-grid-e2e-'));
  await writeTinyModel(join(dir, 'tiny.onnx'));
  await writeTinyModel(join(dir, 'tiny4.onnx'), { batch: 4 });
  await writeTinyImages(join(dir, 'images'), IMAGES);
  files = readdirSync(join(dir, 'images'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    // Night first: the ranges of the first batch are too small for the day images.
    .sort((a, b) => (a < b ? 1 : -1));
  whole = await project();
  plainSha256 = (await calibrate(whole, '--threads', '1')).sha256;
  const result = await withGrid(whole, '--threads', '1');
  expect(result).toMatchObject({ images: IMAGES, sha256: plainSha256, tensorrtGrid: { batch: 8, names: 12 } });
  expect(result.kept).toBeUndefined();
  expected = await thresholdsOf(whole);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("TensorRT's grid", () => {
  it('leaves the histograms as they are and is kept when it is asked for again', async () => {
    const path = await project();
    const first = await withGrid(path, '--threads', '2');
    expect(first.sha256).toBe(plainSha256);
    expect(await withGrid(path)).toMatchObject({ kept: true, sha256: plainSha256, tensorrtGrid: first.tensorrtGrid });
    expect(await calibrate(path)).toMatchObject({ kept: true, tensorrtGrid: first.tensorrtGrid });
    expect(await thresholdsOf(path)).toEqual(expected);
  });

  it('does not depend on the order of images behind the first batch, nor inside it', async () => {
    const path = await project([...files.slice(0, 8).reverse(), ...files.slice(8).reverse()]);
    await withGrid(path);
    expect(await thresholdsOf(path)).toEqual(expected);
  });

  it('depends on the first batch', async () => {
    const path = await project([...files].reverse());
    await withGrid(path);
    const other = await thresholdsOf(path);
    expect(other).not.toEqual(expected);
    await calibJson('calibrate', path, '--tensorrt-grid', '16');
    expect(await thresholdsOf(path)).not.toEqual(other);
  });

  it('is the same when shards are merged', async () => {
    const path = await project();
    const first = await withGrid(path, '--shard', '1/2');
    const second = await withGrid(path, '--shard', '2/2');
    const merged = await calibJson<CalibrateResult>('merge', path, second.shardPath ?? '', first.shardPath ?? '');
    expect(merged).toMatchObject({ sha256: plainSha256, tensorrtGrid: { batch: 8, names: 12 } });
    expect(await thresholdsOf(path)).toEqual(expected);
    const without = await calibrate(path, '--shard', '2/2', '--fresh');
    await expect(calibJson('merge', path, first.shardPath ?? '', without.shardPath ?? '')).rejects.toThrow(
      /does not hold TensorRT's grid, unlike the shards before it/,
    );
  });

  it('is the same when it is cancelled half way and resumed from its checkpoint', async () => {
    const path = await project();
    const halted = await cancelledHalfWay(path);
    expect(halted).toMatchObject({ state: 'cancelled', forced: false });
    const resumed = await withGrid(path);
    expect(resumed.resumedImages).toBeGreaterThan(0);
    expect(resumed.resumedImages).toBeLessThan(IMAGES);
    expect(resumed).toMatchObject({ images: IMAGES, sha256: plainSha256 });
    expect(await thresholdsOf(path)).toEqual(expected);
    expect(
      readdirSync(join(path, 'calibration'), { recursive: true }).filter((name) => /model|partial/.test(String(name))),
    ).toEqual([]);
  });

  it('starts over from a checkpoint of another first batch, which would not fit', async () => {
    const path = await project();
    await cancelledHalfWay(path);
    const other = await calibrate(path, '--tensorrt-grid', '16');
    expect(other).toMatchObject({ images: IMAGES, resumedImages: 0, sha256: plainSha256, tensorrtGrid: { batch: 16 } });
  });

  it('is the same for a model with a fixed batch', async () => {
    const path = await project(files, 'tiny4.onnx');
    await withGrid(path);
    expect(await thresholdsOf(path)).toEqual(expected);
  });

  it('is asked for, with the command that collects it, where it is missing', async () => {
    const path = await project();
    await calibrate(path);
    const { code, stderr } = await calib('thresholds', path, '--method', 'entropy-tensorrt');
    expect(code).toBe(1);
    expect(stderr).toMatch(/no threshold of method entropy-tensorrt for tensor "/);
    expect(stderr).toMatch(/calib calibrate PROJECT --tensorrt-grid BATCH/);
  });

  it('gives variants', async () => {
    const path = gridProject();
    const out = join(dir, 'variant.onnx');
    const result = await calibJson<QuantizeResult>(
      'quantize',
      path,
      '--target',
      'tensorrt',
      '--variant',
      'int8-entropy-tensorrt',
      '-o',
      out,
    );
    expect(result.nodes.QuantizeLinear).toBeGreaterThan(0);
  });
});

describe('calibration caches', () => {
  it("export every name of TensorRT, in its order, with a header of the project's method", async () => {
    const path = gridProject();
    await calibJson('set', path, '--method', 'entropy-tensorrt');
    const lines = (await exported(path)).trim().split('\n');
    expect(lines[0]).toBe('TRT-100600-EntropyCalibration2');
    expect(lines.slice(1).map((line) => line.replace(/: [0-9a-f]{8}$/, ''))).toEqual([
      'input',
      'c0',
      'r0',
      'c1',
      'r1',
      'pool',
      'features',
      'w2_output',
      'head_output',
      'b2_output',
      'ONNXTRT_Broadcast_output',
      'logits',
    ]);
    await calibJson('set', path, '--method', 'minmax');
    expect((await exported(path)).split('\n')[0]).toBe('TRT-100600-MinMaxCalibration');
  });

  it('name what they lack without the grid', async () => {
    const path = await project();
    await calibrate(path);
    const { stderr } = await calib('export', path, '--format', 'trt-cache', '-o', join(dir, 'short.cache'));
    expect(stderr).toMatch(/names the \d+ tensors that get Q\/DQ and no others/);
  });

  it('come back from an import bit for bit, names of no tensor included', async () => {
    const path = gridProject();
    await calibJson('set', path, '--method', 'entropy-tensorrt');
    const text = `${await exported(path)}(Unnamed Layer* 3) [Convolution]_output: 3c010a14\n`.replace(
      'TRT-100600',
      'TRT-8601',
    );
    const cachePath = join(dir, 'given.cache');
    writeFileSync(cachePath, text);
    const report = await calibJson<ImportReport>('import', path, cachePath);
    expect(report.unmapped).toEqual(['(Unnamed Layer* 3) [Convolution]_output']);
    expect(report.mapped.map(({ name }) => name)).toEqual([
      'input',
      'c0',
      'r0',
      'c1',
      'r1',
      'pool',
      'features',
      'logits',
    ]);
    expect(report.ignored.map(({ name }) => name)).toEqual([
      'w2_output',
      'head_output',
      'b2_output',
      'ONNXTRT_Broadcast_output',
    ]);
    await calibJson('set', path, '--method', 'imported');
    expect(await exported(path)).toBe(text);
    const [tensor = '', threshold = 0] =
      Object.entries(await thresholdsOf(path, 'imported')).find(([name]) => name === 'r0') ?? [];
    expect(threshold).toBeCloseTo(expected['r0'] ?? 0, 5);
    await calibJson('set', path, '--tensor', tensor, '--threshold', String(threshold * 2));
    const changed = (await exported(path)).split('\n').filter((line, i) => line !== text.split('\n')[i]);
    expect(changed).toHaveLength(1);
    expect(changed[0]).toMatch(/^r0: /);
  });

  it('become the scales of a model for TensorRT 11 (docs/migration.md)', async () => {
    const path = gridProject();
    await calibJson('set', path, '--method', 'entropy-tensorrt');
    const cachePath = join(dir, 'old.cache');
    writeFileSync(cachePath, await exported(path));
    const migrated = await project();
    await calibrate(migrated, '--limit', '32');
    await calibJson('import', migrated, cachePath);
    // With FP16 beside INT8 a scale is the nearest that FP16 holds; FP32 keeps the cache's own bits.
    await calibJson('set', migrated, '--method', 'imported', '--target', 'tensorrt', '--fallback', 'fp32');
    const out = join(dir, 'migrated.onnx');
    await calibJson('quantize', migrated, '--target', 'tensorrt', '--variant', 'mixed', '-o', out);
    const { graph } = readModel(out);
    const scales = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    const inCache = new Map(
      parseCalibrationCache(readFileSync(cachePath, 'utf8'), cachePath).entries.map(({ name, scale }) => [name, scale]),
    );
    const quantized = graph.node.filter((node) => node.opType === 'QuantizeLinear' && inCache.has(node.input[0] ?? ''));
    expect(quantized.length).toBeGreaterThanOrEqual(2);
    for (const { input } of quantized) {
      const scale = scales.get(input[1] ?? '');
      expect(scale && [...tensorAsFloat32(scale)], input[0]).toEqual([inCache.get(input[0] ?? '')]);
    }
  });
});
