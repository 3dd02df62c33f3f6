import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataType } from '../../src-main/onnx/graph/model';
import { floatTensor, intsAttr, makeModel, makeNode, makeValueInfo } from '../../src-main/onnx/graph/make';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import { calibJson, startCalib } from '../support/calib-process';
import { writeTinyImages } from '../support/tiny-project';

const CHANNELS = 64;
const KERNEL = 31;
const LAYERS = 50;

let dir = '';
let project = '';

/** Convolutions with 31x31 kernels: about 2 GFLOP per layer for a 16x16 image, so that one image takes seconds. */
async function writeSlowModel(path: string): Promise<void> {
  const padding = (kernel: number): { readonly attributes: ReturnType<typeof intsAttr>[] } => ({
    attributes: [
      intsAttr('kernel_shape', [kernel, kernel]),
      intsAttr(
        'pads',
        [kernel, kernel, kernel, kernel].map((side) => (side - 1) / 2),
      ),
    ],
  });
  const layers = Array.from({ length: LAYERS }, (_, i) =>
    makeNode('Conv', [`x${i}`, 'w'], [`x${i + 1}`], { name: `conv${i}`, ...padding(KERNEL) }),
  );
  const size = CHANNELS * CHANNELS * KERNEL * KERNEL;
  await writeModel(
    makeModel(
      {
        name: 'slow',
        node: [makeNode('Conv', ['input', 'first'], ['x0'], { name: 'first', ...padding(1) }), ...layers],
        initializer: [
          floatTensor('first', [CHANNELS, 3, 1, 1], Array<number>(CHANNELS * 3).fill(0.3)),
          floatTensor('w', [CHANNELS, CHANNELS, KERNEL, KERNEL], Array<number>(size).fill(1 / (CHANNELS * 256))),
        ],
        input: [makeValueInfo('input', DataType.FLOAT, ['N', 3, 16, 16])],
        output: [makeValueInfo(`x${LAYERS}`, DataType.FLOAT, ['N', CHANNELS, 16, 16])],
        valueInfo: [],
      },
      17,
    ),
    path,
  );
}

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
