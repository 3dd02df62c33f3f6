import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BenchResult, BuildResult, ValidateResult } from '../../src-shared/contract/job-results';
import { DataType } from '../../src-main/onnx/graph/model';
import { readModel } from '../../src-main/onnx/wire/wire-reader';
import { startCalib } from '../support/calib-process';
import { GRAPH_MS, useEngineProject } from '../support/fake-tensorrt/engine-project';
import { MAJORS_WITH_HEADERS } from '../support/fake-tensorrt/libraries';

/** BuilderFlag::kSPARSE_WEIGHTS. */
const SPARSE_WEIGHTS = 7;

const { project, env, calib, json, jsonWith, onGpu } = useEngineProject();

describe.skipIf(!MAJORS_WITH_HEADERS.includes(10))(
  'engines of other shapes and formats, with a stand-in of TensorRT',
  () => {
    it('builds for chosen profiles, times each at its ends, and validates on them', async () => {
      const profiles = 'input=1x3x16x16:2x3x16x16:4x3x16x16;input=8x3x16x16';
      const { variants } = await json<BenchResult>(...onGpu('bench', '--profiles', profiles, '--rounds', '2'));
      expect(variants.map(({ variant, batch }) => [variant, batch])).toEqual([
        ['fp32', 2],
        ['int8-minmax', 2],
        ['fp32', 8],
        ['int8-minmax', 8],
      ]);
      const shapes = variants.map(({ shapes = [] }) => shapes.map(({ at, inputs }) => [at, inputs[0]?.dims[0]]));
      const ends = [
        ['min', 1],
        ['opt', 2],
        ['max', 4],
      ];
      expect(shapes).toEqual([ends, ends, [], []]);
      expect(variants[1]?.shapes?.every(({ ratioToFp32 }) => ratioToFp32 !== undefined)).toBe(true);
      const table = await startCalib([...onGpu('bench', '--profiles', profiles, '--rounds', '2')], { env: env() })
        .outcome;
      expect(table.stdout).toMatch(/Latency by shape:[\s\S]*fp32 +1 +min +input 1x3x16x16/);
      const validated = await json<ValidateResult>(...onGpu('validate', '--profiles', profiles));
      expect(validated.variants).toHaveLength(2);
    });

    it('builds engines with outputs in FP16, but not from the model as it was given', async () => {
      const { engines } = await json<BuildResult>(...onGpu('build', '--fp16-outputs'));
      for (const { path } of engines) {
        const { graph } = readModel(join(dirname(path), 'model.onnx'));
        expect(graph.output[0]?.tensorType?.elemType).toBe(DataType.FLOAT16);
        expect(graph.input[0]?.tensorType?.elemType).toBe(DataType.FLOAT);
      }
      const refused = await calib(onGpu('build', '--fp16-outputs', '--implicit'));
      expect([refused.code, refused.stdout]).toEqual([2, expect.stringContaining('keep their types')]);
    });

    it('times every number of streams that is asked for', async () => {
      const flags = ['--batches', '1,4', '--streams', '1,3', '--rounds', '2'];
      const { variants } = await json<BenchResult>(...onGpu('bench', ...flags));
      expect(variants.map(({ variant, batch, streams }) => [variant, batch, streams])).toEqual(
        [1, 4].flatMap((batch) =>
          [1, 3].flatMap((streams) => ['fp32', 'int8-minmax'].map((name) => [name, batch, streams])),
        ),
      );
      expect(variants.every(({ variant, ratioToFp32 }) => (variant === 'fp32') === (ratioToFp32 === undefined))).toBe(
        true,
      );
      const table = await startCalib([...onGpu('bench', ...flags)], { env: env() }).outcome;
      expect(table.stdout).toMatch(/variant +batch +streams[\s\S]*int8-minmax +4 +3/);
    });

    it('builds INT8 engines with inputs in INT8, and records their scales', async () => {
      const { engines } = await json<BuildResult>(...onGpu('build', '--int8-inputs', '--fp16-outputs'));
      const typeOf = (engine: number): number | undefined =>
        readModel(join(dirname(engines[engine]?.path ?? ''), 'model.onnx')).graph.input[0]?.tensorType?.elemType;
      expect([typeOf(0), typeOf(1)]).toEqual([DataType.FLOAT, DataType.INT8]);
      const { inputScales } = JSON.parse(
        readFileSync(join(dirname(engines[1]?.path ?? ''), 'engine.json'), 'utf8'),
      ) as { readonly inputScales: Record<string, number> };
      expect(inputScales['input']).toBeGreaterThan(0);
      expect((await json<BenchResult>(...onGpu('bench', '--int8-inputs', '--rounds', '2'))).variants).toHaveLength(2);
      expect((await calib(onGpu('build', '--int8-inputs', '--implicit'))).code).toBe(2);
    });

    it('quantizes what INT8 inputs are fed with, so that answers stay the same', async () => {
      const judge = ['validate', project, '--target', 'tensorrt', '--variants', 'fp32,int8-minmax'];
      const [usual, own] = [
        await json<ValidateResult>(...judge),
        await json<ValidateResult>(...judge, '--int8-inputs'),
      ];
      expect(own.variants.map(({ outputs }) => outputs)).toEqual(usual.variants.map(({ outputs }) => outputs));
      expect(own.variants.map(({ top1, agreement }) => [top1, agreement])).toEqual(
        usual.variants.map(({ top1, agreement }) => [top1, agreement]),
      );
    });

    it('answers whether formats below INT8 would pay here, and says why one cannot be asked', async () => {
      const { variants, answers, refused } = await json<BenchResult>(
        ...['bench', project, '--backend', 'tensorrt', '--rounds', '2', '--variants', 'fp16,fp8,w4'],
      );
      expect(variants.map(({ variant }) => variant)).toEqual(['fp16', 'fp8']);
      expect(answers).toMatchObject([
        { variant: 'fp8', kind: 'equal', against: { latencyMs: expect.closeTo(GRAPH_MS, 3) as number } },
        { variant: 'w4', kind: 'refused', reason: expect.stringContaining('none of its layers qualifies') as string },
      ]);
      expect(answers?.[0]?.sentence).toContain('with TensorRT 10.6.0');
      expect(refused?.map(({ variant, code }) => [variant, code])).toEqual([['w4', 'no-layers']]);
      const older = await calib(onGpu('build').with(-1, 'fp8'), { FAKE_CUDA_MAJOR: '8' });
      expect([older.code, older.stdout]).toEqual([1, expect.stringContaining('kernels for FP8 exist from 8.9 on')]);
    });

    it('times pruned copies with sparse kernels, and validates them', async () => {
      const flags = ['bench', project, '--backend', 'tensorrt', '--rounds', '2', '--variants', 'fp16', '--sparse'];
      const { variants, answers } = await json<BenchResult>(...flags);
      expect(variants.map(({ variant }) => variant)).toEqual(['fp16', 'fp16-sparse']);
      expect(answers).toMatchObject([
        { variant: 'fp16-sparse', overDense: { variant: 'fp16' }, cost: { against: 'fp16' } },
      ]);
      const { engines } = await json<BuildResult>(...onGpu('build').with(-1, 'fp16,fp16-sparse'));
      const flagsOf = (engine: number): string =>
        /"flags":\[([^\]]*)\]/.exec(readFileSync(engines[engine]?.path ?? '', 'latin1'))?.[1] ?? '';
      expect([flagsOf(0), flagsOf(1)]).toEqual(['', String(SPARSE_WEIGHTS)]);
      expect((await calib(['bench', project, '--sparse', '--target', 'onnxruntime'])).code).toBe(2);
    });

    it('goes on without a question whose build ends the process', async () => {
      const flags = ['--rounds', '2', '--optimization-level', '2', '--sparse'];
      const { variants, answers } = await jsonWith<BenchResult>(
        { FAKE_BUILDER_ABORTS: String(SPARSE_WEIGHTS) },
        ...onGpu('bench', ...flags).with(5, 'fp16'),
      );
      expect(variants.map(({ variant }) => variant)).toEqual(['fp16']);
      expect(answers).toMatchObject([
        { variant: 'fp16-sparse', kind: 'refused', reason: expect.stringContaining('ended by SIGABRT') as string },
      ]);
    });
  },
);
