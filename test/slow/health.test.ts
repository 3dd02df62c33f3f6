import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HealthResult } from '../../src-shared/domain/health/health';
import type { Warning } from '../../src-shared/contract/job-results';
import { calib, calibJson, startCalib } from '../support/calib-process';
import { initArguments } from '../support/project-fixture';
import { sharedDir, sharedPath } from '../support/shared';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';

/** Pixels from 0 to 1. */
const UNIT_PIXELS = ['--scale', '1/255', '--mean', '0', '--std', '1'];

let dir = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-health-'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const codes = (result: HealthResult): string[] => result.findings.map(({ code }) => code);
const withCode = (result: HealthResult, code: string) => result.findings.find((found) => found.code === code);

describe('a set with known faults', () => {
  let project = '';
  let images = '';

  beforeAll(async () => {
    images = join(dir, 'images');
    project = join(dir, 'tiny.calib');
    await writeTinyModel(join(dir, 'tiny.onnx'));
    await writeTinyImages(images, 60);
    await writeTinyImages(join(dir, 'test'), 24, 5);
    const day = join(images, 'day/a');
    const files = readdirSync(day);
    copyFileSync(join(day, files[0] ?? ''), join(day, 'zz-copy.png'));
    await sharp(join(day, files[1] ?? ''))
      .modulate({ brightness: 0.97 })
      .png()
      .toFile(join(day, 'zz-darker.png'));
    copyFileSync(join(day, files[2] ?? ''), join(dir, 'test/day/a/shared.png'));
    writeFileSync(join(images, 'night/a/broken.png'), 'not a picture');
    // Brighter than anything of its group, and flat: pixels reach 255 together where noise does not.
    mkdirSync(join(images, 'sun/a'), { recursive: true });
    await sharp({ create: { width: 16, height: 16, channels: 3, background: '#ffffff' } })
      .png()
      .toFile(join(images, 'sun/a/white.png'));
    const sets = { model: join(dir, 'tiny.onnx'), images, validation: join(dir, 'test'), project };
    await calibJson(...initArguments(sets, ...UNIT_PIXELS));
    await calibJson('set', project, '--method', 'minmax');
  });

  it('names what is corrupt, repeated, shared, alone at a maximum, and too small; calibrates first', async () => {
    const result = await calibJson<HealthResult>('health', project);
    expect(withCode(result, 'images-corrupt')).toMatchObject({ file: 'night/a/broken.png', value: 1 });
    expect(withCode(result, 'images-duplicate')?.images?.map(({ id }) => id)).toEqual([
      'day/a/0000.png',
      'day/a/zz-copy.png',
    ]);
    expect(withCode(result, 'images-near-duplicate')?.images?.map(({ id }) => id)).toEqual([
      'day/a/0006.png',
      'day/a/zz-darker.png',
    ]);
    expect(withCode(result, 'images-shared')?.images).toEqual([
      { set: 'calibration', id: 'day/a/0012.png' },
      { set: 'validation', id: 'day/a/shared.png' },
    ]);
    expect(withCode(result, 'image-sets-maximum')).toMatchObject({
      severity: 'warning',
      file: 'sun/a/white.png',
      limit: 1.5,
    });
    expect(withCode(result, 'group-small')).toMatchObject({ group: 'sun' });
    expect(Object.entries(result.groups).map(([name, group]) => [name, group.images])).toEqual([
      ['day', 32],
      ['night', 30],
      ['sun', 1],
    ]);
    expect(result.against).toBeNull();
    // The consequence is what calibration without the image gives.
    const [found] = result.maxima;
    const [worst] = found?.tensors ?? [];
    const rest = join(dir, 'rest.calib');
    const list = join(dir, 'rest.txt');
    writeFileSync(
      list,
      ['day', 'night']
        .flatMap((group) =>
          ['a', 'b', 'c'].flatMap((label) =>
            readdirSync(join(images, group, label)).map((file) => `images/${group}/${label}/${file}`),
          ),
        )
        .join('\n'),
    );
    const sets = { model: join(dir, 'tiny.onnx'), images: list, validation: null, project: rest };
    await calibJson(...initArguments(sets, ...UNIT_PIXELS));
    await calibJson('calibrate', rest);
    const { tensors } = await calibJson<{ tensors: { name: string; amax: number }[] }>(
      'thresholds',
      rest,
      '--tensor',
      worst?.tensor ?? '',
    );
    expect(tensors[0]?.amax).toBe(worst?.without);
  });

  it('is said in the warnings of a run, without another pass', async () => {
    const { warnings } = await calibJson<{ warnings: readonly Warning[] }>(
      'run',
      project,
      '--variants',
      'int8',
      '--rounds',
      '1',
    );
    const warned = warnings.map(({ code }) => code);
    for (const code of ['images-duplicate', 'images-shared', 'image-sets-maximum', 'group-small'])
      expect(warned).toContain(code);
    expect(warned).not.toContain('images-near-duplicate');
  });

  it('gives the same answer again and keeps it in the project', async () => {
    const facts = ({ findings, groups, duplicates, maxima, convergence, against }: HealthResult) => ({
      findings,
      groups,
      duplicates,
      maxima,
      convergence,
      against,
    });
    const field = join(dir, 'test');
    const first = await calibJson<HealthResult>('health', project, '--against', field, '--threads', '1');
    const second = await calibJson<HealthResult>('health', project, '--against', field, '--threads', '2');
    expect(facts(second)).toEqual(facts(first));
    const stored = JSON.parse(readFileSync(join(project, 'analysis/health.json'), 'utf8')) as { result: HealthResult };
    expect(stored.result).toEqual(second);
  });

  it('compares groups of the field with groups of the set, and ends with 3 above --max-drift', async () => {
    const result = await calibJson<HealthResult>(
      'health',
      project,
      '--against',
      join(dir, 'test'),
      '--max-drift',
      '0.65',
    );
    expect(Object.keys(result.against?.groups ?? {})).toEqual(['day', 'night']);
    expect(result.against?.groups['night']).toMatchObject({ images: 12, nearest: 'night' });
    expect(codes(result)).not.toContain('field-drift');
    const other = join(dir, 'inverted');
    mkdirSync(other);
    for (const file of readdirSync(join(dir, 'test/night/a')))
      await sharp(join(dir, 'test/night/a', file))
        .blur(3)
        .negate()
        .png()
        .toFile(join(other, file));
    const { code, stdout } = await calib('health', project, '--against', other, '--max-drift', '0.65', '--json');
    expect(code).toBe(3);
    expect(withCode(JSON.parse(stdout) as HealthResult, 'field-drift')).toMatchObject({
      group: 'inverted',
      severity: 'error',
    });
    expect((await calib('health', project, '--against', other, '--max-drift', '1e6')).code).toBe(0);
  });

  it('refuses a limit without images to compare, and names a folder that is not there', async () => {
    const noField = await calib('health', project, '--max-drift', '1');
    expect(noField.code).toBe(2);
    expect(noField.stderr).toContain('--max-drift needs --against');
    const missing = await calib('health', project, '--against', join(dir, 'nowhere'));
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('nowhere');
  });

  it('is cancelled within two seconds', async () => {
    const many = join(dir, 'many');
    await writeTinyImages(many, 400, 9);
    const running = startCalib(['health', project, '--against', many, '--threads', '1']);
    await running.stderrMatches(/collecting images from the field/);
    const at = performance.now();
    running.child.kill('SIGINT');
    expect((await running.outcome).code).toBe(130);
    expect(performance.now() - at).toBeLessThan(3000);
    expect(existsSync(join(project, 'project.lock'))).toBe(false);
  });
});

describe.skipIf(sharedDir() === null)('plate_chars', { timeout: 180_000 }, () => {
  type Group = 'day' | 'night';

  /** Images of a group, spread evenly over it, without their labels in one folder. */
  function take(set: 'calibration' | 'validation', group: Group, count: number, target: string): string {
    mkdirSync(target, { recursive: true });
    const root = sharedPath('data/plates', set, group);
    const files = readdirSync(root).flatMap((label) =>
      readdirSync(join(root, label)).map((file) => join(root, label, file)),
    );
    for (let i = 0; i < count; i++)
      copyFileSync(files[Math.floor(((i + 0.5) * files.length) / count)] ?? '', join(target, `${i}.jpg`));
    return target;
  }

  /** Sixteen unlabelled images from the field. */
  const field = (group: Group): string => take('validation', group, 16, join(dir, 'field', group));

  async function projectOf(name: string, groups: readonly Group[]): Promise<string> {
    const project = join(dir, `${name}.calib`);
    for (const group of groups) take('calibration', group, 64, join(dir, name, group));
    const model = sharedPath('models/plate_chars.onnx');
    const sets = { model, images: join(dir, name), validation: sharedPath('data/plates/validation'), project };
    await calibJson(...initArguments(sets, ...UNIT_PIXELS, '--order', 'rgb'));
    await calibJson('set', project, '--method', 'minmax');
    return project;
  }

  it('calibrated by day, the check names night and the tensors that clip it before any validation', async () => {
    const result = await calibJson<HealthResult>(
      'health',
      await projectOf('by-day', ['day']),
      '--limit',
      '64',
      '--against',
      field('night'),
    );
    expect(withCode(result, 'field-drift')).toMatchObject({ group: 'night', severity: 'error' });
    expect(result.against?.driftAtLeast).toBeGreaterThan(1);
    const clipped = withCode(result, 'field-clipped');
    expect(clipped?.group).toBe('night');
    expect(clipped?.tensors).toContain('/f/f.2/Relu_output_0');
    const relu = result.against?.tensors.find(({ tensor }) => tensor === '/f/f.2/Relu_output_0')?.groups['night'];
    expect(relu?.clippedFraction).toBeGreaterThan(0.05);
    expect(relu?.beyondRange).toBe(relu?.clippedFraction);
  });

  it('calibrated by day and night, neither is found; a method that clips night by itself is blamed for it', async () => {
    const project = await projectOf('by-both', ['day', 'night']);
    for (const group of ['day', 'night'] as const) {
      const result = await calibJson<HealthResult>('health', project, '--limit', '128', '--against', field(group));
      expect([group, codes(result).filter((code) => code.startsWith('field-'))]).toEqual([group, ['field-covered']]);
      expect(result.against?.groups[group]?.nearest).toBe(group);
    }
    await calibJson('set', project, '--method', 'percentile', '--percentile', '90');
    const result = await calibJson<HealthResult>('health', project, '--limit', '128', '--against', field('night'));
    const found = codes(result);
    expect(found).toContain('field-clipped-by-method');
    expect(found).toContain('group-clipped-by-method');
    for (const code of ['field-drift', 'field-clipped', 'field-output-error']) expect(found).not.toContain(code);
  });
});
