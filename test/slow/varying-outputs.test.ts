import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { CalibrateResult } from '../../src-shared/contract/job-results';
import type { AutoResult, SearchResult, SensitivityResult } from '../../src-shared/domain/analysis/analysis';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import { calib, calibJson } from '../support/calib-process';
import { nmsModel } from '../support/nms-model';
import { initArguments } from '../support/project-fixture';
import { writeTinyImages } from '../support/tiny-project';

vi.setConfig({ testTimeout: 600_000 });

let dir = '';
let images = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-varying-'));
  images = join(dir, 'images');
  await writeTinyImages(images, 24);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function project(name: string, options: { readonly hasGrid?: boolean } = {}): Promise<string> {
  const model = join(dir, `${name}.onnx`);
  await writeModel(nmsModel(options), model);
  const path = join(dir, `${name}.calib`);
  const { code, stderr } = await calib(...initArguments({ model, images, validation: null, project: path }));
  expect(code, stderr).toBe(0);
  return path;
}

it('a detector whose outputs all vary in size: method, layers and plans are judged by the detections', async () => {
  const path = await project('boxes');
  const { best } = await calibJson<CalibrateResult>('calibrate', path);
  expect(best?.decision.problem).toBeUndefined();
  const agreements = best?.decision.singles.map(({ agreement }) => agreement ?? -1) ?? [];
  expect(agreements).toHaveLength(4);
  expect(agreements).toEqual([...agreements].sort((a, b) => b - a));
  expect(agreements.every((agreement) => agreement > 50 && agreement < 100)).toBe(true);

  const { metric, layers, baseline } = await calibJson<SensitivityResult>('sensitivity', path);
  expect(metric).toBe('agreement');
  expect(baseline.comparesAnswers).toBe(true);
  expect(layers.find(({ layer }) => layer === 'head')?.score).toBeGreaterThan(0);

  const { plans } = await calibJson<SearchResult>('search', path);
  const all = plans.find(({ fp16Layers }) => fp16Layers.length === 0)?.quality;
  expect(all?.nmse).toBeCloseTo(1 - (all?.agreement ?? 0) / 100, 9);
  expect(plans.some(({ quality, meetsLimit }) => meetsLimit && (quality.agreement ?? 0) > 99)).toBe(true);

  const auto = await calibJson<AutoResult>('auto', path);
  expect(auto.comparesAnswers).toBe(true);
});

it('an output of a fixed size is compared; those that vary are left out', async () => {
  const path = await project('grid', { hasGrid: true });
  const { best } = await calibJson<CalibrateResult>('calibrate', path);
  for (const { sqnrDb, worstOutput, agreement } of best?.decision.singles ?? [{ sqnrDb: 0 }]) {
    expect(sqnrDb).toBeGreaterThan(20);
    expect(worstOutput).toBe('all_scores');
    expect(agreement).toBeUndefined();
  }
  const { metric, baseline } = await calibJson<SensitivityResult>('sensitivity', path);
  expect(metric).toBe('sqnr');
  expect(baseline.sqnrDb).toBeGreaterThan(20);
});
