/** `calib fix` through the command line: interruptions, adoption, images from the field, and as a part of a run. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { FixResult } from '../../src-shared/domain/analysis/fix';
import type { ProjectFile } from '../../src-shared/domain/project/project';
import { calib, calibJson, startCalib, type CalibOutcome } from '../support/calib-process';
import { useCalibratedProject } from '../support/project-fixture';

vi.setConfig({ testTimeout: 300_000 });

const { dir, project, images } = useCalibratedProject({ images: 48 });

type Found = Omit<FixResult, 'chosen'> & { readonly chosen: FixResult['plans'][number] | null };

let copies = 0;
/** A copy of the project with gates. The labels are random, so that no plan reaches 100 %. */
async function copy(...gates: readonly string[]): Promise<string> {
  const path = join(dir, `copy-${(copies += 1)}.calib`);
  cpSync(project, path, { recursive: true });
  await calibJson('set', path, '--target', 'tensorrt', ...gates.flatMap((gate) => ['--gate', gate]));
  return path;
}

/** Everything that must not depend on interruptions. */
function answerOf({ stages, ...result }: Found): unknown {
  return { ...result, stages: stages.map((stage) => ({ ...stage, seconds: 0 })), seconds: 0, createdAt: '' };
}

const fixed = (outcome: CalibOutcome): Found => JSON.parse(outcome.stdout) as Found;
const fix = (path: string, ...flags: readonly string[]): Promise<CalibOutcome> =>
  calib('fix', path, '--json', ...flags);

/** Factors were tried, and nothing of them is left unless a plan uses them. */
function expectOnlyUsedSmoothing(path: string, { stages, plans }: Found): void {
  expect(stages.find(({ stage }) => stage === 'smoothing')?.outcome).not.toBe('skipped');
  const folders = readdirSync(path).filter((name) => name.startsWith('smoothing'));
  const stored = folders.flatMap((folder) => readdirSync(join(path, folder)));
  expect(stored.length > 0).toBe(plans.some(({ repairs }) => repairs.includes('smoothing')));
}

describe('calib fix', () => {
  it('ends with the same answer whenever and however it was interrupted', async () => {
    const whole = await copy('minMeasure=100');
    const unbroken = await fix(whole);
    const expected = fixed(unbroken);
    expectOnlyUsedSmoothing(whole, expected);
    expect(unbroken.code).toBe(3);
    expect(expected.chosen).toBeNull();
    expect(expected.stages.map(({ stage }) => stage)).toContain('release');
    expect(expected.advice.map(({ kind }) => kind)).toContain('training');
    const broken = await copy('minMeasure=100');
    for (const [moment, signal, code] of [
      [/methods: trying models/, 'SIGINT', 130],
      [/learned: learning/, 'SIGKILL', null],
      [/release: ranking layers/, 'SIGINT', 130],
      [/release-learned: confirming/, 'SIGKILL', null],
    ] as const) {
      const running = startCalib(['fix', broken, '--json']);
      await running.stderrMatches(moment);
      running.child.kill(signal);
      expect((await running.outcome).code).toBe(code);
    }
    const found = fixed(await fix(broken));
    expect(answerOf(found)).toEqual(answerOf(expected));
  });

  it('adopts a plan with repairs, which then is the variant mixed', async () => {
    const path = await copy('maxDrop=50', 'maxWorstGroupDrop=50');
    await calibJson('set', path, '--method', 'percentile', '--percentile', '60', '--bias-correction', 'on');
    const outcome = await fix(path, '--adopt');
    expect(outcome.code).toBe(0);
    const { chosen } = fixed(outcome);
    const file = JSON.parse(readFileSync(join(path, 'project.json'), 'utf8')) as ProjectFile;
    expect(file.plan).toEqual(chosen?.decisions.plan);
    expect(file.method).toBe(chosen?.decisions.method);
    const { variants } = await calibJson<{
      readonly variants: readonly { readonly variant: string; readonly measure?: { readonly value: number } }[];
    }>('validate', path, '--variants', 'mixed', '--target', 'tensorrt');
    expect(variants.find(({ variant }) => variant === 'mixed')?.measure?.value).toBeCloseTo(
      (chosen as unknown as { measure: number }).measure,
      6,
    );
  });

  it('judges by images from the field, without labels', async () => {
    const { judgedOn, plans, limits } = fixed(await fix(await copy(), '--against', images));
    expect(judgedOn).toBe('against');
    expect(plans[0]?.gates.length).toBeGreaterThan(0);
    expect(limits).not.toEqual({});
  });

  it('leaves out what needs more images than there are', async () => {
    const path = await copy('minMeasure=100');
    const list = join(dir, 'one-image.txt');
    writeFileSync(
      list,
      join(images, String(readdirSync(images, { recursive: true }).find((f) => /png$/.test(String(f))))),
    );
    await calibJson('set', path, '--calibration', list);
    const { stages, chosen } = fixed(await fix(path, '--max-layers', '0', '--limit', '8'));
    expect(chosen).toBeNull();
    expect(stages.find(({ stage }) => stage === 'bias-correction')).toMatchObject({
      outcome: 'skipped',
      note: 'Not tried: Bias correction needs at least 2 calibration images, the project has 1.',
    });
  });

  it('is part of a run', async () => {
    const path = await copy('maxDrop=50', 'maxWorstGroupDrop=50');
    const { code, stdout } = await calib('run', path, '--fix', '--target', 'tensorrt', '--json');
    expect([0, 3]).toContain(code);
    const { fix: found } = JSON.parse(stdout) as { readonly fix?: { readonly reason: string } };
    expect(found?.reason).toMatch(/^The gates are met/);
  });
});
