import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ThresholdTable } from '../../src-shared/contract/views';
import type { CalibrateResult, QuantizeResult, ValidateResult } from '../../src-shared/contract/job-results';
import type { BestView } from '../../src-shared/domain/analysis/best-method';
import type { ProjectFile } from '../../src-shared/domain/project/project';
import { calib, calibJson } from '../support/calib-process';
import { type ProjectFiles, initArguments, writeProjectFiles } from '../support/project-fixture';

type Shown = ProjectFile & { readonly chosenMethod?: string; readonly best?: BestView };

const METHODS = ['minmax', 'entropy', 'percentile', 'mse'] as const;
let dir = '';
let files: ProjectFiles;
let made = 0;

async function project(...flags: readonly string[]): Promise<string> {
  const path = join(dir, `p${made++}.calib`);
  await calibJson(...initArguments({ ...files, project: path }, ...flags));
  return path;
}

const show = (path: string): Promise<Shown> => calibJson<Shown>('show', path);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-best-'));
  // No more images than the choice takes: what it measures is what validation measures.
  files = await writeProjectFiles(dir, { images: 8 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('method best', () => {
  it('is the method of a new project, and the one with the lowest error at the output of the worst group', async () => {
    const path = await project();
    expect((await show(path)).method).toBe('best');
    const { method, chosenMethod, best } = await calibJson<CalibrateResult>('calibrate', path);
    expect(method).toBe('best');
    expect(best).toMatchObject({
      isCurrent: true,
      decision: { target: 'onnxruntime', images: 8, groups: ['day', 'night'], limitedByTime: false },
    });
    const singles = best?.decision.singles ?? [];
    expect(new Set(singles.map((single) => single.method))).toEqual(new Set(METHODS));
    expect(chosenMethod).toBe(singles[0]?.method);
    // Each group on its own, as validation sees it.
    const perGroup: number[][] = [];
    for (const group of ['day', 'night']) {
      await calibJson('set', path, '--validation', join(dir, 'images', group));
      const { variants } = await calibJson<ValidateResult>(
        'validate',
        path,
        '--variants',
        ['fp32', ...METHODS.map((name) => `int8-${name}`)].join(','),
      );
      perGroup.push(
        METHODS.map((name) => variants.find(({ variant }) => variant === `int8-${name}`)?.outputSqnrDb ?? Number.NaN),
      );
    }
    for (const [i, name] of METHODS.entries()) {
      const worst = Math.min(...perGroup.map((group) => group[i] ?? Number.NaN));
      expect(singles.find((single) => single.method === name)?.sqnrDb, name).toBeCloseTo(worst, 4);
    }
  });

  it('gives thresholds, show and the written file the chosen method', async () => {
    const path = await project();
    const { chosenMethod } = await calibJson<CalibrateResult>('calibrate', path);
    const table = await calibJson<ThresholdTable>('thresholds', path);
    expect(table).toMatchObject({ method: 'best', chosenMethod });
    for (const row of table.tensors)
      expect(row).toMatchObject({ method: 'best', threshold: row.methods[chosenMethod ?? 'best'] });
    expect(await show(path)).toMatchObject({ method: 'best', chosenMethod });
    const out = join(dir, 'best.onnx');
    expect(await calibJson<QuantizeResult>('quantize', path, '--target', 'onnxruntime', '-o', out)).toMatchObject({
      chosenMethod,
      warnings: [],
    });
    await calibJson(
      'quantize',
      path,
      '--target',
      'onnxruntime',
      '--variant',
      `mixed-${chosenMethod ?? ''}`,
      '-o',
      join(dir, 'single.onnx'),
    );
    expect(readFileSync(out).equals(readFileSync(join(dir, 'single.onnx')))).toBe(true);
  });

  it('is out of date when the target or the plan changes, and is decided again by the next step that uses it', async () => {
    const path = await project();
    await calibJson('calibrate', path);
    await calibJson('set', path, '--layer', 'head', '--precision', 'fp16', '--target', 'tensorrt');
    expect((await show(path)).best?.isCurrent).toBe(false);
    expect((await calib('thresholds', path)).stderr).toContain('decided for another plan, target or percentile');
    await calibJson('quantize', path, '--target', 'tensorrt', '-o', join(dir, 'again.onnx'));
    expect((await show(path)).best).toMatchObject({ isCurrent: true, decision: { target: 'tensorrt' } });
    await calibJson('set', path, '--target', 'onnxruntime', '--layer', 'head', '--precision', 'auto');
    expect((await show(path)).best).toMatchObject({ isCurrent: true, decision: { target: 'onnxruntime' } });
  });

  it('is minmax, and says so, while it is not decided', async () => {
    const path = await project();
    await calibJson('calibrate', path);
    const { key } = JSON.parse(readFileSync(join(path, 'calibration', 'current.json'), 'utf8')) as {
      readonly key: string;
    };
    rmSync(join(path, 'calibration', key, 'best.json'));
    const { stderr, stdout } = await calib('thresholds', path);
    expect(stderr).toContain('method best is not decided yet: minmax is used');
    expect(stdout).toContain('best (minmax)');
    // Without its images it cannot be decided, and the file is written with a word.
    renameSync(join(dir, 'images'), join(dir, 'away'));
    try {
      const { warnings } = await calibJson<QuantizeResult>(
        'quantize',
        path,
        '--target',
        'onnxruntime',
        '-o',
        join(dir, 'undecided.onnx'),
      );
      expect(warnings.map(({ code }) => code)).toContain('best-undecided');
    } finally {
      renameSync(join(dir, 'away'), join(dir, 'images'));
    }
    await calibJson('set', path, '--method', 'best');
    expect((await show(path)).best).toMatchObject({ isCurrent: true, decision: { images: 8 } });
  });

  it('keeps the method of projects that were made before', async () => {
    const path = await project();
    const file = JSON.parse(readFileSync(join(path, 'project.json'), 'utf8')) as ProjectFile;
    writeFileSync(join(path, 'project.json'), JSON.stringify({ ...file, method: 'entropy' }));
    const { method, chosenMethod, best } = await calibJson<CalibrateResult>('calibrate', path);
    expect([method, chosenMethod, best?.isCurrent]).toEqual(['entropy', undefined, true]);
  });

  it('has nothing to decide where the plan quantizes nothing', async () => {
    const path = await project();
    await calibJson('set', path, '--layer', '*', '--precision', 'fp32');
    const { chosenMethod, best, warnings } = await calibJson<CalibrateResult>('calibrate', path);
    expect([chosenMethod, best?.decision.singles, best?.decision.images]).toEqual(['minmax', [], 0]);
    expect(warnings.filter(({ code }) => code.startsWith('best'))).toEqual([]);
  });
});

describe('thresholds that cost more than another method', () => {
  it('are warned of by calibrate and quantize, with the tensors that lose most', async () => {
    const path = await project();
    await calibJson('calibrate', path);
    await calibJson('set', path, '--tensor', 'r1', '--threshold', '0.02');
    const out = join(dir, 'clipped.onnx');
    const { warnings } = await calibJson<QuantizeResult>('quantize', path, '--target', 'onnxruntime', '-o', out);
    expect(existsSync(out)).toBe(true);
    const costly = warnings.find(({ code }) => code === 'method-costly')?.message ?? '';
    expect(costly).toMatch(
      /some of them chosen for single tensors, lose \d+\.\d dB at the output against \w+ for all tensors/,
    );
    expect(costly).toMatch(/Tensors that lose most: "r1" /);
    expect(warnings.find(({ code }) => code === 'tensor-sqnr')?.message).toMatch(
      /1 quantized tensor has less than 10 dB SQNR.*"r1"/,
    );
    const again = await calibJson<CalibrateResult>('calibrate', path);
    expect(again.warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(['method-costly', 'tensor-sqnr']));
    // A variant of one method for all tensors does not have them.
    expect(
      (
        await calibJson<QuantizeResult>(
          'quantize',
          path,
          '--target',
          'onnxruntime',
          '--variant',
          'int8-best',
          '-o',
          out,
        )
      ).warnings,
    ).toEqual([]);
  });
});
