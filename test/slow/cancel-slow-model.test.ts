import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calibJson, startCalib } from '../support/calib-process';
import { writeSlowModel } from '../support/slow-model';
import { writeTinyImages } from '../support/tiny-project';

let dir = '';
let project = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-slow-model-'));
  await writeSlowModel(join(dir, 'slow.onnx'));
  await writeTinyImages(join(dir, 'images'), 8);
  project = join(dir, 'slow.calib');
  await calibJson('init', join(dir, 'slow.onnx'), '--calibration', join(dir, 'images'), '-o', project);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('Ctrl-C while one image takes seconds', () => {
  it.each([
    ['measuring the first batch', '4', /learning the ranges of TensorRT's first batch: [1-3]\/4/],
    ['counting', '1', /collecting histograms: [1-7]\/8/],
  ])(
    "ends a collection of TensorRT's grid that is %s, and leaves no temporary file",
    async (_, firstBatch, progress) => {
      const running = startCalib(['calibrate', project, '--tensorrt-grid', firstBatch, '--threads', '1']);
      await running.stderrMatches(progress);
      running.child.kill('SIGINT');
      const { code, stderr } = await running.outcome;
      expect(code).toBe(130);
      expect(stderr).not.toContain('did not stop in time');
      const left = readdirSync(join(project, 'calibration'), { recursive: true }).map(String);
      expect(left.filter((name) => /unfinished|tensorrt-model|\.tmp/.test(name))).toEqual([]);
    },
    120_000,
  );
});
