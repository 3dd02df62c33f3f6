import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { QuantizeResult, ValidateResult } from '../../src-shared/contract/job-results';
import { calib, calibJson } from '../support/calib-process';
import { initArguments } from '../support/project-fixture';
import { sharedDir, sharedPath } from '../support/shared';
import { checkWithPython, hasPythonOnnx } from '../unit/onnx/python-onnx';

vi.setConfig({ testTimeout: 240_000 });

let dir = '';
let path = '';
beforeAll(async () => {
  if (sharedDir() === null) return;
  dir = mkdtempSync(join(tmpdir(), 'calib-low-formats-'));
  path = join(dir, 'vit.calib');
  const set = (name: string): string => sharedPath('data/cifar10', name);
  const preprocessing = ['--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255'];
  const model = sharedPath('models/cifar_vit.onnx');
  const sets = { model, images: set('calibration'), validation: set('validation'), project: path };
  await calibJson(...initArguments(sets, ...preprocessing));
  await calibJson('calibrate', path, '--limit', '50');
}, 240_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(sharedDir() === null)('formats below INT8 of a transformer', () => {
  // quantize itself opens each file in ONNX Runtime and runs it once.
  it.each([
    ['fp8', 'tensorrt'],
    ['w4', 'tensorrt'],
    ['w4', 'onnxruntime'],
    ['fp16-sparse', 'tensorrt'],
  ])('%s for %s is a valid ONNX file', async (variant, target) => {
    const out = join(dir, `${variant}-${target}.onnx`);
    const flags = ['--target', target, '--variant', variant, '-o', out];
    const { decisions } = await calibJson<QuantizeResult>('quantize', path, ...flags);
    if (!variant.endsWith('-sparse'))
      expect(decisions.filter(({ precision }) => precision === variant).length).toBeGreaterThan(20);
    if (hasPythonOnnx()) expect(checkWithPython(out)).toEqual(['ok']);
  });

  it('are no FP8 for ONNX Runtime, which says so', async () => {
    const flags = ['--target', 'onnxruntime', '--variant', 'fp8', '-o', join(dir, 'refused.onnx')];
    const { code, stderr } = await calib('quantize', path, ...flags);
    expect([code, stderr]).toEqual([1, expect.stringContaining('exists for the target tensorrt') as string]);
    const judged = await calibJson<ValidateResult>(
      ...['validate', path, '--target', 'onnxruntime', '--variants', 'fp32,fp8,w4', '--limit', '20'],
    );
    expect(judged.variants.map(({ variant }) => variant)).toEqual(['fp32', 'w4']);
    expect(judged.refused?.map(({ variant, code: why }) => [variant, why])).toEqual([['fp8', 'target']]);
  });

  it('lose little, and pruning loses much', async () => {
    const variants = ['--variants', 'fp32,fp8,w4,fp16-sparse', '--target', 'tensorrt', '--limit', '200'];
    const result = await calibJson<ValidateResult>('validate', path, ...variants);
    const lossOf = (name: string): number =>
      -(result.variants.find(({ variant }) => variant === name)?.difference?.value ?? Number.NaN);
    expect(lossOf('fp8')).toBeLessThan(3);
    expect(lossOf('w4')).toBeLessThan(4);
    expect(lossOf('fp16-sparse')).toBeGreaterThan(3);
  });
});
