import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { artifactPaths } from '../../../../src-main/app/projects/artifact-paths';
import { canChooseKernels, proposeKernels } from '../../../../src-main/app/tuning/kernel-choice';
import {
  writeEngineKernels,
  writeEngineLayers,
  type TensorrtEngineRecord,
} from '../../../../src-main/app/variants/engine-record';
import { DEFAULT_TENSORRT_OPTIONS } from '../../../../src-shared/domain/engines/tensorrt-options';
import { recordedEngine } from '../../../support/recorded-engine';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'engines-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** An engine of one layer with this kernel. */
async function engine(
  key: string,
  kernel: string,
  { us, ...fields }: { readonly us: number } & Partial<TensorrtEngineRecord>,
): Promise<string> {
  const folder = await recordedEngine(dir, key, fields);
  await writeEngineLayers(folder, [
    {
      name: 'conv',
      kind: 'CaskConvolution',
      onnxLayers: ['conv'],
      type: 'fp16',
      outputType: 'fp16',
      isReformat: false,
      tactic: kernel,
      inputs: [],
      outputs: [],
      medianMs: us / 1000,
    },
  ]);
  await writeEngineKernels(folder, [{ layer: 'conv', formats: 'f', kernel, builderMs: 0.01, others: [] }]);
  return folder;
}

const proposedFor = (folder: string) =>
  proposeKernels({ dir: folder, workOf: () => 'conv', buildsLeft: 1 }, { paths: artifactPaths(dir) });

it('proposes the kernel that is faster in another engine', async () => {
  const own = await engine('a', 'slow', { us: 8 });
  expect(proposedFor(own)).toBeNull();
  await engine('b', 'fast', { us: 4 });
  expect(proposedFor(own)).toEqual({
    kernels: [{ layer: 'conv', formats: 'f', kernel: 'fast' }],
    savedShare: expect.closeTo(0.5) as number,
  });
});

it.each([
  ['batch size', { options: { ...DEFAULT_TENSORRT_OPTIONS, batches: [16] } }],
  ['size of images', { options: { ...DEFAULT_TENSORRT_OPTIONS, optSize: { width: 64, height: 64 } } }],
  ['kind of GPU', { gpu: 'h' }],
  ['version of TensorRT', { tensorrt: '10.7.0' }],
])('learns nothing from an engine of another %s', async (_, fields) => {
  await engine('b', 'fast', { us: 4, ...fields });
  expect(proposedFor(await engine('a', 'slow', { us: 8 }))).toBeNull();
});

it('needs TensorRT 10 and one profile', () => {
  const profile = [{ input: 'x', min: [1], opt: [1], max: [8] }];
  const may = (version: string, more: Partial<TensorrtEngineRecord['options']>): boolean =>
    canChooseKernels(version, { tensorrt: { ...DEFAULT_TENSORRT_OPTIONS, ...more } });
  expect(may('10.6.0', { batches: [8] })).toBe(true);
  expect(may('11.0.0', { batches: [8] })).toBe(false);
  expect(may('10.6.0', { batches: [1, 8] })).toBe(false);
  expect(may('10.6.0', { batches: [1, 8], profiles: [profile] })).toBe(true);
  expect(may('10.6.0', { profiles: [profile, profile] })).toBe(false);
});
