/** Learned thresholds and biases, through the command line: the gain, its use, and independence of threads. */
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { LearnResult } from '../../src-shared/domain/analysis/repair';
import { calib, calibJson } from '../support/calib-process';
import { useCalibratedProject } from '../support/project-fixture';

vi.setConfig({ testTimeout: 300_000 });

const { dir, project } = useCalibratedProject({ images: 32 });

const learnedFile = (): string => {
  const [key = ''] = readdirSync(join(project, 'calibration')).filter((name) => !name.includes('.'));
  return join(project, 'calibration', key, 'learned.json');
};

const learn = (...args: readonly string[]): Promise<LearnResult> =>
  calibJson<LearnResult>('repair', project, '--learn', '--epochs', '4', '--target', 'tensorrt', ...args);

describe('calib repair --learn', () => {
  it('says that nothing was learned yet', async () => {
    await calibJson('set', project, '--method', 'learned', '--target', 'tensorrt');
    const { code, stderr } = await calib('quantize', project, '--target', 'tensorrt', '-o', join(dir, 'none.onnx'));
    expect(code).not.toBe(0);
    expect(stderr).toContain('calib repair PROJECT --learn');
  });

  it('repairs thresholds that clip far too much, the same with any number of threads', async () => {
    await calibJson('set', project, '--method', 'percentile', '--percentile', '80');
    const one = await learn('--threads', '1');
    expect(one.isKept).toBe(true);
    expect(one.after.nmse).toBeLessThan(one.before.nmse / 2);
    expect(one.blocks.every(({ before, after }) => after <= before)).toBe(true);
    const stored = readFileSync(learnedFile(), 'utf8');
    rmSync(learnedFile());
    const two = await learn('--threads', '2');
    expect(two.blocks).toEqual(one.blocks);
    expect(readFileSync(learnedFile(), 'utf8')).toBe(stored);
    // No journal stays behind.
    expect(readdirSync(join(project, 'analysis')).filter((name) => name.startsWith('learning-'))).toEqual([]);
  });

  it('makes the method learned, which variants and files use', async () => {
    const { variants } = await calibJson<{ readonly variants: readonly { outputSqnrDb: number }[] }>(
      'validate',
      project,
      '--variants',
      'int8-percentile,int8-learned',
      '--target',
      'tensorrt',
    );
    const [before, after] = variants.map(({ outputSqnrDb }) => outputSqnrDb);
    expect(after).toBeGreaterThan((before ?? 0) + 3);
    await calibJson('set', project, '--method', 'learned');
    const table = await calibJson<{ readonly tensors: readonly { method: string }[] }>('thresholds', project);
    expect(table.tensors.length).toBeGreaterThan(2);
    expect(new Set(table.tensors.map(({ method }) => method))).toEqual(new Set(['learned']));
    const { decisions } = await calibJson<{ readonly decisions: readonly { code: string; layer: string }[] }>(
      'quantize',
      project,
      '--target',
      'tensorrt',
      '-o',
      join(dir, 'learned.onnx'),
    );
    expect(decisions.filter(({ code }) => code === 'bias-learned').length).toBeGreaterThan(0);
  });

  it('learns only the blocks that are asked for', async () => {
    await calibJson('set', project, '--method', 'percentile');
    const { blocks } = await learn('--layers', 'conv0');
    expect(blocks.every(({ layers }) => layers.includes('conv0'))).toBe(true);
    const refused = await calib('repair', project, '--learn', '--layers', 'convolution');
    expect(refused.stderr).toContain('No layer matches "convolution"');
  });

  it('refuses options that do not belong together', async () => {
    expect((await calib('repair', project, '--epochs', '2')).stderr).toContain('--epochs needs --learn');
    expect((await calib('repair', project, '--learn', '--limit', '9')).stderr).toContain('use --images');
  });
});
