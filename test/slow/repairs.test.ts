import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CalibrateResult, QuantizeResult, ValidateResult } from '../../src-shared/contract/job-results';
import type { RepairResult } from '../../src-shared/domain/analysis/repair';
import { calib, calibJson } from '../support/calib-process';
import { initArguments } from '../support/project-fixture';
import { sharedDir, sharedPath } from '../support/shared';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';

const VARIANT = ['--variants', 'fp32,int8-minmax', '--target', 'tensorrt'];

vi.setConfig({ testTimeout: 240_000 });

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-repairs-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const top1 = ({ variants }: ValidateResult, name: string): number =>
  variants.find(({ variant }) => variant === name)?.top1 ?? Number.NaN;
const codes = ({ decisions }: QuantizeResult): Set<string> => new Set(decisions.map(({ code }) => code));

describe.skipIf(sharedDir() === null)('equalization of planted_outlier', () => {
  let path = '';
  const validate = () => calibJson<ValidateResult>('validate', path, ...VARIANT, '--limit', '200');

  beforeAll(async () => {
    path = join(dir, 'planted.calib');
    const set = (name: string): string => sharedPath('data/cifar10', name);
    // 16 images a class: those of the calibration, and 60 that confirm what was chosen on them.
    const images = join(dir, 'calibration');
    for (const group of readdirSync(set('calibration'))) {
      const files = readdirSync(join(set('calibration'), group))
        .sort()
        .slice(0, 16);
      for (const file of files) cpSync(join(set('calibration'), group, file), join(images, group, file));
    }
    const preprocessing = ['--mean', '.4914,.4822,.4465', '--std', '.2470,.2435,.2616', '--scale', '1/255'];
    const model = sharedPath('models/planted_outlier.onnx');
    const sets = { model, images, validation: set('validation'), project: path };
    await calibJson(...initArguments(sets, ...preprocessing));
    await calibJson('calibrate', path, '--limit', '100');
  });

  it('brings INT8 back from chance to FP32, which answers as before', async () => {
    const before = await validate();
    expect(top1(before, 'int8-minmax')).toBeLessThan(30);
    await calibJson('set', path, '--equalization', 'on');
    const refused = await calib('validate', path, ...VARIANT, '--limit', '200');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('calib calibrate');
    await calibJson('calibrate', path, '--limit', '100');
    const after = await validate();
    expect(top1(after, 'fp32')).toBe(top1(before, 'fp32'));
    expect(top1(after, 'int8-minmax')).toBeGreaterThan(top1(before, 'fp32') - 3);
  });

  it('explains itself, refuses what is about the model as it was given, and is undone without another calibration', async () => {
    const explained = await calibJson<QuantizeResult>(
      'quantize',
      path,
      '--target',
      'tensorrt',
      '--variant',
      'int8-minmax',
      '-o',
      join(dir, 'eq.onnx'),
    );
    const changed = explained.decisions.find(({ layer, code }) => layer === '/f/f.6/c1/Conv' && code === 'equalized');
    expect(changed?.reason).toMatch(
      /channel \d+ by 1\/\d+: its largest weight over the largest that reads it was \d+ times above the middle channel's/,
    );
    expect(codes(explained)).toContain('not-equalized');
    for (const args of [
      ['calibrate', path, '--tensorrt-grid', '32'],
      ['export', path, '--format', 'trt-cache', '-o', join(dir, 'x.cache')],
    ]) {
      const outcome = await calib(...args);
      expect(outcome.code).toBe(2);
      expect(outcome.stderr).toContain('--equalization off');
    }
    await calibJson('set', path, '--equalization', 'off');
    expect(top1(await validate(), 'int8-minmax')).toBeLessThan(30);
    expect(
      codes(
        await calibJson<QuantizeResult>(
          'quantize',
          path,
          '--target',
          'tensorrt',
          '--variant',
          'int8-minmax',
          '-o',
          join(dir, 'plain.onnx'),
        ),
      ),
    ).not.toContain('equalized');
  });

  it('shows before and after side by side, changing nothing', async () => {
    const result = await calibJson<RepairResult>(
      'repair',
      path,
      '--variant',
      'int8-minmax',
      '--target',
      'tensorrt',
      '--limit',
      '40',
    );
    expect(result.rows.map(({ repairs }) => Object.keys(repairs).sort().join(' '))).toEqual([
      '',
      'biasCorrection',
      'smoothing',
      'equalization',
      'biasCorrection smoothing',
      'biasCorrection equalization',
      'equalization smoothing',
      'biasCorrection equalization smoothing',
    ]);
    const [none, , , equalized] = result.rows;
    expect(none?.top1).toBeLessThan(30);
    expect(equalized?.outputSqnrDb).toBeGreaterThan((none?.outputSqnrDb ?? 0) + 20);
    expect(result.equalizedLayers).toBe(14);
    expect(result.notEqualized[0]).toEqual({ reason: 'its result meets another path in an Add', layers: 12 });
    const { plan } = await calibJson<{ plan: object }>('set', path, '--target', 'tensorrt');
    expect(plan).not.toHaveProperty('repairs');
  });
});

describe('bias correction', () => {
  async function corrected(
    name: string,
    threads: string,
  ): Promise<{ readonly biases: unknown; readonly result: ValidateResult; readonly path: string }> {
    const path = join(dir, `${name}.calib`);
    await calibJson(...initArguments({ model: join(dir, 'tiny.onnx'), images: join(dir, 'images'), project: path }));
    await calibJson<CalibrateResult>('calibrate', path);
    await calibJson('set', path, '--bias-correction', 'on');
    const result = await calibJson<ValidateResult>(
      'validate',
      path,
      '--variants',
      'fp32,int8',
      '--target',
      'tensorrt',
      '--threads',
      threads,
    );
    const [file = ''] = readdirSync(join(path, 'analysis')).filter((each) => each.startsWith('biases-'));
    return { biases: JSON.parse(readFileSync(join(path, 'analysis', file), 'utf8')) as unknown, result, path };
  }

  it('is the same for any number of threads, and quantize writes what was validated', async () => {
    await writeTinyModel(join(dir, 'tiny.onnx'));
    await writeTinyImages(join(dir, 'images'), 48);
    const one = await corrected('one', '1');
    const two = await corrected('two', '2');
    expect(two.biases).toEqual(one.biases);
    expect(one.biases).toMatchObject({ images: { measured: 16, confirmed: 32 } });
    const { variants, warnings } = one.result;
    const isKept = warnings.every(({ code }) => code !== 'biases-not-corrected');
    expect(variants.map(({ variant }) => variant)).toEqual(['fp32', 'int8']);
    const quantized = await calibJson<QuantizeResult>(
      'quantize',
      one.path,
      '--target',
      'tensorrt',
      '--variant',
      'int8',
      '-o',
      join(dir, 'one.onnx'),
    );
    expect(codes(quantized).has('bias-corrected')).toBe(isKept);
    // Measured once: nothing was added.
    expect(readdirSync(join(one.path, 'analysis')).filter((each) => each.startsWith('biases-'))).toHaveLength(1);
  });
});
