import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProjectFile } from '../../src-shared/domain/project/project';
import type { ThresholdTable } from '../../src-shared/contract/views';
import type { ValidateResult } from '../../src-shared/contract/job-results';
import type {
  AutoResult,
  DiagnosisResult,
  SearchPlan,
  SearchResult,
  SensitivityResult,
} from '../../src-shared/domain/analysis/analysis';
import { calib, calibJson, startCalib } from '../support/calib-process';
import { REPO_ROOT } from '../support/shared';

/** The bundled plate reader, which fails at night under entropy. */
const SAMPLE = join(REPO_ROOT, 'resources/sample');
const HAS_ONNX = spawnSync('python3', ['-c', 'import onnx']).status === 0;
const FIRST = '/f/f.0/Conv';

/** Hundreds of models on hundreds of images: seconds, unless others use the machine too. */
const SLOW = 240_000;

type Found = Omit<SearchResult, 'chosen'> & { readonly chosen: SearchPlan | null };

let dir = '';
let quarter = '';
let whole = '';
let made = 0;

/** Every n-th image of the sample's calibration set, as a list. */
function calibrationList(every: number): string {
  const folder = join(SAMPLE, 'calibration');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jpg'))
    .sort();
  const path = join(dir, `every-${every}.txt`);
  writeFileSync(
    path,
    files
      .filter((_, i) => i % every === 0)
      .map((file) => join(folder, file))
      .join('\n'),
  );
  return path;
}

async function newProject(model: string, calibration: string): Promise<string> {
  const path = join(dir, `p${made++}.calib`);
  await calibJson('init', model, '--calibration', calibration, '--validation', join(SAMPLE, 'validation'), '-o', path);
  // One method whatever the plan: what these tests compare differs in its layers alone.
  await calibJson('set', path, '--target', 'tensorrt', '--method', 'entropy');
  await calibJson('calibrate', path);
  return path;
}

/** How many results of trials a project holds. */
function storedTrials(path: string): number {
  const folder = join(path, 'analysis');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder)
    .filter((file) => file.startsWith('trials-'))
    .reduce((sum, file) => sum + readFileSync(join(folder, file), 'utf8').split('\n').length - 1, 0);
}

/** A project of its own, calibrated on a quarter of the sample's images unless another one is named. */
function project(from = quarter): string {
  const path = join(dir, `p${made++}.calib`);
  cpSync(from, path, { recursive: true });
  return path;
}

const analyse = <T>(...args: readonly string[]): Promise<T> => calibJson<T>(...args);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-analyses-'));
  quarter = await newProject(join(SAMPLE, 'plate_chars.onnx'), calibrationList(4));
  whole = await newProject(join(SAMPLE, 'plate_chars.onnx'), join(SAMPLE, 'calibration'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('calib sensitivity', () => {
  it('measures what validation measures: all INT8, and the plan with one layer released', async () => {
    const path = project();
    const { baseline, layers, images } = await analyse<SensitivityResult>(
      'sensitivity',
      path,
      '--metric',
      'worst-group',
      '--limit',
      '10000',
      '--layer',
      FIRST,
    );
    await calibJson('set', path, '--layer', FIRST, '--precision', 'fp16');
    const { variants, images: validated } = await analyse<ValidateResult>('validate', path, '--variants', 'int8,mixed');
    const [int8, mixed] = variants;
    expect(images).toBe(validated);
    expect(baseline.top1).toBeCloseTo(int8?.top1 ?? -1, 9);
    expect(baseline.groupTop1['night']).toBeCloseTo(int8?.groups['night']?.top1 ?? -1, 9);
    const [released] = layers;
    expect(released?.quality?.top1).toBeCloseTo(mixed?.top1 ?? -1, 9);
    expect(released?.quality?.agreement).toBeCloseTo(mixed?.agreement ?? -1, 9);
    // Trials run the model in segments: ONNX Runtime leaves out other roundings to FP16 there than in the whole model.
    expect(released?.quality?.sqnrDb).toBeCloseTo(mixed?.outputSqnrDb ?? -1, 1);
    expect(released?.score).toBeCloseTo(
      (released?.quality?.worstGroup?.top1 ?? 0) - (baseline.worstGroup?.top1 ?? 0),
      9,
    );
  });

  it(
    'answers three different questions',
    async () => {
      const ask = (kind: string): Promise<SensitivityResult> =>
        analyse('sensitivity', project(), '--kind', kind, '--limit', '16');
      const [release, cause, visible] = [await ask('release'), await ask('cause'), await ask('visible')];
      for (const { layers } of [release, cause, visible]) {
        expect(layers.length).toBeGreaterThan(15);
        expect(layers.map(({ score }) => score)).toEqual(layers.map(({ score }) => score).toSorted((a, b) => b - a));
      }
      // One INT8 layer among FP32 ones does less harm than all together.
      const all = release.baseline.sqnrDb ?? 0;
      expect(cause.layers.every(({ sqnrDb }) => (sqnrDb ?? Infinity) > all)).toBe(true);
      expect(visible.layers.every(({ quality }) => quality === null)).toBe(true);
      expect(visible.passes).toBeLessThan(release.passes);
    },
    SLOW,
  );

  it('refuses questions without an answer', async () => {
    const path = project();
    expect(await calib('sensitivity', path, '--kind', 'visible', '--metric', 'top1')).toMatchObject({ code: 2 });
    const none = await calib('sensitivity', path, '--layer', 'nothing*');
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('matches "nothing*"');
  });
});

describe('calib auto', () => {
  it('chooses the same thresholds with any number of threads', async () => {
    const [one, two] = [project(), project()];
    const a = await analyse<AutoResult>('auto', one, '--images', '12', '--threads', '1');
    const b = await analyse<AutoResult>('auto', two, '--images', '12', '--threads', '2');
    expect(b.choices).toEqual(a.choices);
    expect(b.singles).toEqual(a.singles);
    expect(b.descent).toEqual(a.descent);
  });

  it('is used as a method: thresholds, variants, and chosen when a variant first asks for it', async () => {
    const path = project(whole);
    const { variants } = await analyse<ValidateResult>('validate', path, '--variants', 'int8-entropy,int8-auto');
    const [entropy, auto] = variants;
    expect(auto?.groups['night']?.top1).toBeGreaterThan((entropy?.groups['night']?.top1 ?? 100) + 5);
    await calibJson('set', path, '--method', 'auto');
    const { tensors } = await analyse<ThresholdTable>('thresholds', path);
    const stored = JSON.parse(readFileSync(join(path, 'analysis/auto.json'), 'utf8')) as {
      readonly result: AutoResult;
    };
    for (const choice of stored.result.choices) {
      expect(tensors.find(({ name }) => name === choice.tensor)).toMatchObject({
        method: 'auto',
        threshold: choice.threshold,
      });
      expect(choice.reason).not.toBe('');
    }
  });

  it.skipIf(!HAS_ONNX)(
    'wins back a model that no single method can quantize (needs Python with onnx)',
    async () => {
      const planted = join(dir, 'planted.onnx');
      const { status, stderr } = spawnSync(
        'python3',
        [
          join(REPO_ROOT, 'test/support/plant_outlier.py'),
          join(SAMPLE, 'plate_chars.onnx'),
          planted,
          '/f/f.5/pre/pre.5/Relu_output_0',
          '200',
          '3',
        ],
        { encoding: 'utf8' },
      );
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const path = await newProject(planted, join(SAMPLE, 'calibration'));
      await calibJson('auto', path, '--images', '32');
      const { variants } = await analyse<ValidateResult>(
        'validate',
        path,
        '--variants',
        'fp32,int8-minmax,int8-entropy,int8-percentile,int8-mse,int8-auto',
      );
      const night = Object.fromEntries(variants.map(({ variant, groups }) => [variant, groups['night']?.top1 ?? 0]));
      expect(
        Math.max(
          night['int8-minmax'] ?? 0,
          night['int8-entropy'] ?? 0,
          night['int8-percentile'] ?? 0,
          night['int8-mse'] ?? 0,
        ),
      ).toBeLessThan(80);
      expect(night['int8-auto']).toBeGreaterThanOrEqual(89);
    },
    SLOW,
  );
});

describe('calib search', () => {
  it(
    'goes on after an interruption and comes to the same plans',
    async () => {
      const question = [
        '--against',
        join(SAMPLE, 'validation/night'),
        '--limit',
        '60',
        '--max-layers',
        '2',
        '--max-error',
        '0',
        '--method',
        'mse',
        '--json',
      ];
      const [unbroken, broken] = [project(), project()];
      const expected = JSON.parse((await calib('search', unbroken, ...question)).stdout) as Found;
      const before = storedTrials(broken);
      const running = startCalib(['search', broken, ...question]);
      await expect.poll(() => storedTrials(broken), { interval: 10, timeout: 60_000 }).toBeGreaterThan(before + 5);
      running.child.kill('SIGINT');
      expect((await running.outcome).code).toBe(130);
      const found = JSON.parse((await calib('search', broken, ...question)).stdout) as Found;
      expect(found.passes).toBeLessThan(expected.passes);
      expect(found.plans).toEqual(expected.plans);
      expect(found.ranking).toEqual(expected.ranking);
      expect(found.chosen).toBeNull();
    },
    SLOW,
  );

  it(
    'announces one total for the ranking and the plans, which never rises',
    async () => {
      const path = project();
      await calibJson('set', path, '--target', 'onnxruntime', '--method', 'best');
      // Another plan may have another best method, which is chosen in front of the search.
      await calibJson('set', path, '--layer', FIRST, '--precision', 'fp16');
      const { stderr } = await calib('search', path, '--limit', '60', '--max-layers', '2');
      const counts = (pattern: RegExp): number[] =>
        [...stderr.matchAll(pattern)].map(([, count = '']) => Number(count.replaceAll(/\D/g, '')));
      const totals = counts(/\/([\d\s]+) passes/g);
      expect(totals[0]).toBe(counts(/the work of (.+) passes/g)[0]);
      expect(totals).toEqual(totals.toSorted((a, b) => b - a));
      // The engines of the plans have the thresholds that the plans were judged with.
      const searching = stderr.indexOf('searching plans');
      expect(stderr.slice(0, searching)).toContain('choosing the method');
      expect(stderr.slice(searching)).toContain('benchmarking');
      expect(stderr.slice(searching)).not.toContain('choosing the method');
    },
    SLOW,
  );

  it(
    'adopts what it found, and exits 3 when nothing meets the limits',
    async () => {
      const path = project();
      const { chosen } = await analyse<Found>(
        'search',
        path,
        '--max-drop',
        '3',
        '--worst-group-drop',
        '5',
        '--limit',
        '100',
        '--max-layers',
        '3',
        '--adopt',
      );
      const file = JSON.parse(readFileSync(join(path, 'project.json'), 'utf8')) as ProjectFile;
      expect(Object.keys(file.plan.layers).toSorted()).toEqual([...(chosen?.fp16Layers ?? ['none'])].toSorted());
      const impossible = await calib(
        'search',
        path,
        '--method',
        'entropy',
        '--max-layers',
        '1',
        '--max-drop',
        '0',
        '--worst-group-drop',
        '0',
        '--limit',
        '60',
        '--json',
      );
      expect(impossible.code).toBe(3);
      expect((JSON.parse(impossible.stdout) as Found).chosen).toBeNull();
    },
    SLOW,
  );

  it(
    'ranks and judges on unlabelled images from the field',
    async () => {
      const {
        judgedOn,
        images,
        plans,
        limits: used,
      } = await analyse<Found>(
        'search',
        project(),
        '--against',
        join(SAMPLE, 'validation/night'),
        '--limit',
        '16',
        '--max-layers',
        '2',
      );
      expect({ judgedOn, images, maxNmse: used.maxNmse }).toEqual({ judgedOn: 'against', images: 16, maxNmse: 0.02 });
      expect(plans.every((plan) => plan.top1 === undefined && plan.latencyKind === 'modelled')).toBe(true);
    },
    SLOW,
  );
});

describe('calib diagnose', () => {
  it(
    'names what clips the night and the change that mends it, with its measured effect',
    async () => {
      const path = project(whole);
      const { stdout, stderr } = await calib(
        'diagnose',
        path,
        '--group',
        'night',
        '--variant',
        'int8-entropy',
        '--limit',
        '40',
        '--json',
      );
      expect(stderr).toMatch(/about .* models on 40 images: the work of .* passes/);
      const diagnosis = JSON.parse(stdout) as DiagnosisResult;
      expect(diagnosis.clipped[0]?.tensor).toBe('/f/f.4/pre/pre.5/Relu_output_0');
      expect(diagnosis.clipped[0]?.clippedFraction).toBeGreaterThan(diagnosis.clipped[0]?.elsewhere ?? 1);
      const [best] = diagnosis.actions;
      expect(best?.after.top1).toBeGreaterThan((best?.before.top1 ?? 100) + 5);
      expect(diagnosis.summary).toContain(best?.sentence ?? 'nothing');
    },
    SLOW,
  );

  it('says which groups and classes there are', async () => {
    const path = project();
    expect((await calib('diagnose', path)).code).toBe(2);
    expect((await calib('diagnose', path, '--group', 'dusk')).stderr).toContain('has no images of dusk');
    const { stderr, code } = await calib('diagnose', path, '--class', 'Q7');
    expect(code).toBe(2);
    expect(stderr).toContain('Classes: ');
  });
});

describe('calib run', () => {
  it(
    'diagnoses what got worse, and searches, where it is asked to',
    async () => {
      const path = project(whole);
      const { diagnoses, report } = await calibJson<{
        readonly diagnoses: readonly { readonly title: string; readonly summary: string }[];
        readonly report: string;
      }>('run', path, '--variants', 'int8-entropy', '--limit', '200', '--diagnose');
      expect(diagnoses.map(({ title }) => title)).toContain('night');
      expect(readFileSync(report, 'utf8')).toContain('What got worse, and why');
      const searching = project();
      const searched = await calibJson<{
        readonly search: string;
        readonly table: readonly { readonly variant: string }[];
      }>('run', searching, '--variants', 'mixed', '--limit', '100', '--search');
      expect(searched.search).toMatch(/INT8|FP16/);
      // The project keeps its own plan.
      expect((JSON.parse(readFileSync(join(searching, 'project.json'), 'utf8')) as ProjectFile).plan.layers).toEqual(
        {},
      );
    },
    SLOW,
  );
});
