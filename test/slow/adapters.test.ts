/**
 * What every backend must do, on each one that this machine has: docs/adapters.md lists it for those who add one. The
 * last tests are about OpenVINO alone.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchResult, BuildResult, ValidateResult } from '../../src-shared/contract/job-results';
import type { EngineDifference } from '../../src-shared/domain/engines/engine-diff';
import type { EngineLayer } from '../../src-shared/domain/engines/engine-layers';
import { targetOfBackend, type BackendId } from '../../src-shared/domain/project/precision';
import { availableBackends, openvinoLibraryDir } from '../support/backends';
import { startCalib } from '../support/calib-process';
import { needs } from '../support/programs';
import { REPO_ROOT } from '../support/shared';

interface DiffResult {
  readonly a: { readonly runtime: string };
  readonly b: { readonly runtime: string };
  readonly differences: readonly EngineDifference[];
}

const SAMPLE = join(REPO_ROOT, 'resources/sample');
const TIMEOUT_MS = 120_000;

let dir = '';
let project = '';

async function calib(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return startCalib(args, { env }).outcome;
}
async function json<T>(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<T> {
  const { code, stdout, stderr } = await calib([...args, '--json'], env);
  if (code !== 0) throw new Error(`calib ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}
const on = (backend: BackendId): string[] => [
  '--backend',
  backend,
  '--target',
  targetOfBackend(backend) ?? 'onnxruntime',
];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-adapters-'));
  project = join(dir, 'plates.calib');
  const images = ['--calibration', join(SAMPLE, 'calibration'), '--validation', join(SAMPLE, 'validation')];
  await json(['init', join(SAMPLE, 'plate_chars.onnx'), ...images, '-o', project]);
  await json(['set', project, '--method', 'minmax']);
  await json(['calibrate', project, '--limit', '40']);
}, TIMEOUT_MS);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each(availableBackends())('the backend $backend', ({ backend, env }) => {
  it(
    'gives the answers of ONNX Runtime in FP32, and nearly those of FP32 in INT8',
    async () => {
      const args = ['--variants', 'fp32,int8', '--limit', '60'];
      const [own, reference] = [
        await json<ValidateResult>(['validate', project, ...on(backend), ...args], env),
        await json<ValidateResult>(['validate', project, ...on('ort-cpu'), ...args]),
      ];
      const [fp32, int8] = own.variants;
      expect(fp32).toMatchObject({ variant: 'fp32', backend, top1: reference.variants[0]?.top1 });
      expect(int8?.agreement).toBeGreaterThan(90);
      expect(int8?.outputSqnrDb).toBeGreaterThan(10);
    },
    TIMEOUT_MS,
  );

  it(
    'takes several batch sizes, and times them',
    async () => {
      const args = ['--variants', 'fp32,int8', '--batches', '1,4', '--rounds', '3', '--threads', '1'];
      const { variants } = await json<BenchResult>(['bench', project, ...on(backend), ...args], env);
      expect(variants.map(({ variant, batch }) => [variant, batch])).toEqual([
        ['fp32', 1],
        ['int8', 1],
        ['fp32', 4],
        ['int8', 4],
      ]);
      for (const { latencyMs, throughputPerSecond, batch, memoryMb } of variants) {
        // One at a time: what passes through in a second follows from the mean latency.
        expect((throughputPerSecond * latencyMs.mean) / (1000 * batch)).toBeCloseTo(1, 1);
        expect(memoryMb).toBeGreaterThan(0);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'keeps what it has built',
    async () => {
      const args = ['build', project, ...on(backend), '--variants', 'int8'];
      await json(args, env);
      const { engines } = await json<BuildResult>(args, env);
      expect(engines.map(({ variant, built, seconds }) => [variant, built, seconds])).toEqual([['int8', false, 0]]);
    },
    TIMEOUT_MS,
  );

  it(
    'is cancelled within two seconds',
    async () => {
      const args = ['bench', project, ...on(backend), '--variants', 'fp32,int8', '--rounds', '1000'];
      const { child, stderrMatches, outcome } = startCalib(args, { env });
      await stderrMatches(/benchmarking/);
      const startedAt = performance.now();
      child.kill('SIGINT');
      const { code } = await outcome;
      expect(code).toBe(130);
      expect(performance.now() - startedAt).toBeLessThan(3_000);
    },
    TIMEOUT_MS,
  );

  it(
    'refuses a target that it does not run',
    async () => {
      if (targetOfBackend(backend) === null) return;
      const { code, stderr } = await calib(['validate', project, '--backend', backend, '--target', 'onnxruntime'], env);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`Backend ${backend} runs what is placed for`)]);
    },
    TIMEOUT_MS,
  );
});

describe('a backend whose library is missing', () => {
  it.each(['CALIB_OPENVINO_LIBDIR', 'CALIB_OPENVINO_HOME'])(
    'says so, with what to install (%s)',
    async (variable) => {
      const { code, stdout, stderr } = await calib(['bench', project, '--backend', 'openvino'], {
        [variable]: '/nowhere',
      });
      expect(code).toBe(4);
      expect(`${stdout}${stderr}`).toMatch(/No libopenvino_c\.so was found in \/nowhere.*\n?.*pip install openvino/);
    },
    TIMEOUT_MS,
  );
});

const libdir = openvinoLibraryDir();
const [title, isWithout] = needs('OpenVINO', { openvino: libdir });
describe.skipIf(isWithout)(title, () => {
  const env = { CALIB_OPENVINO_LIBDIR: libdir ?? '' };

  it(
    'runs the convolutions of INT8 in INT8 kernels, and those of FP32 in FP32',
    async () => {
      const args = ['build', project, '--backend', 'openvino', '--variants', 'int8,fp16'];
      const { engines } = await json<BuildResult>(args, env);
      const layersOf = (variant: string): readonly EngineLayer[] => {
        const path = engines.find((engine) => engine.variant === variant)?.layersPath ?? '';
        const layers = JSON.parse(readFileSync(path, 'utf8')) as EngineLayer[];
        return layers.filter(({ kind }) => kind === 'Convolution');
      };
      const int8 = layersOf('int8');
      expect(int8.length).toBeGreaterThan(5);
      expect(new Set(int8.map(({ type }) => type))).toEqual(new Set(['int8']));
      expect(int8.every(({ onnxLayers, medianMs }) => onnxLayers.length === 1 && medianMs !== null)).toBe(true);
      expect(new Set(layersOf('fp16').map(({ type }) => type))).not.toContain('int8');
    },
    TIMEOUT_MS,
  );

  it(
    'runs several inferences at the same time, and says what share of the time is INT8 and what each layer takes',
    async () => {
      const args = [
        'bench',
        project,
        '--backend',
        'openvino',
        '--variants',
        'fp32,int8',
        '--streams',
        '2',
        '--rounds',
        '3',
        '--layers',
      ];
      const { variants } = await json<BenchResult>(args, env);
      const [fp32, int8] = variants;
      expect([fp32?.streams, int8?.streams]).toEqual([2, 2]);
      expect(int8?.int8Time).toBeGreaterThan(80);
      // the layers of both are compared in the model's terms
      const diff = await json<DiffResult>(['diff', project, 'openvino:fp32', 'openvino:int8']);
      for (const { runtime } of [diff.a, diff.b]) expect(runtime).toMatch(/^OpenVINO \d/);
      const convolutions = diff.differences.filter(({ ops }) => ops.includes('Conv'));
      expect(convolutions.length).toBeGreaterThan(5);
      expect(new Set(convolutions.map(({ a, b }) => [...a.types, ...b.types].join()))).toEqual(new Set(['fp32,int8']));
    },
    TIMEOUT_MS,
  );
});
