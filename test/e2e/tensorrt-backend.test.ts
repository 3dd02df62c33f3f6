import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { JobId } from '../../src-shared/base/brand';
import type { SearchResult } from '../../src-shared/domain/analysis/analysis';
import type { FixResult } from '../../src-shared/domain/analysis/fix';
import type { BenchResult, BuildResult, TuneResult, ValidateResult } from '../../src-shared/contract/job-results';
import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import { createWorkbench } from '../../src-main/app/create-workbench';
import type { Workbench } from '../../src-main/app/workbench';
import { GRAPH_MS, SCRIPT, useEngineProject } from '../support/fake-tensorrt/engine-project';
import { FAKES, MAJORS_WITH_HEADERS } from '../support/fake-tensorrt/libraries';
import { initArguments } from '../support/project-fixture';
import { tinyModel } from '../support/tiny-project';

const { dir, project, model, images, env, calib, json, jsonWith, onGpu } = useEngineProject();

/** The last snapshot of a job of the workbench. */
function finished(workbench: Workbench, jobId: JobId): Promise<JobSnapshot> {
  return new Promise((resolve) => {
    const unsubscribe = workbench.subscribe((event) => {
      if (event.type !== 'job' || event.job.id !== jobId || !isFinished(event.job)) return;
      unsubscribe();
      resolve(event.job);
    });
  });
}

describe.skipIf(!MAJORS_WITH_HEADERS.includes(10))('the backend tensorrt, with a stand-in of the library', () => {
  it('is found, with its GPU', async () => {
    const { checks } = await json<{
      readonly checks: readonly {
        readonly name: string;
        readonly state: string;
        readonly found: string;
        readonly exercised?: string;
      }[];
    }>('doctor');
    const check = checks.find(({ name }) => name === 'backend tensorrt');
    expect([check?.state, check?.exercised]).toEqual(['ok', 'gpu']);
    expect(check?.found).toContain(`TensorRT 10.6.0 (${FAKES.nvinfer}); GPU 0`);
  });

  it('says what is missing where there is no library', async () => {
    const outcome = await calib(onGpu('build'), { CALIB_TENSORRT: '', LD_LIBRARY_PATH: FAKES.driver });
    expect(outcome.code).toBe(4);
    expect(outcome.stdout).toMatch(/No libnvinfer\.so\.11 or \.so\.10 was found[\s\S]*CALIB_TENSORRT/);
  });

  it('builds engines and keeps them', async () => {
    const first = await json<BuildResult>(...onGpu('build', '--batches', '1,4'));
    expect(first.engines.map(({ variant, built }) => [variant, built])).toEqual([
      ['fp32', true],
      ['int8-minmax', true],
    ]);
    const again = await json<BuildResult>(...onGpu('build', '--batches', '1,4'));
    expect(again.engines.map(({ path, built }) => [path, built])).toEqual(
      first.engines.map(({ path }) => [path, false]),
    );
    const other = await json<BuildResult>(...onGpu('build', '--batches', '1,4', '--optimization-level', '0'));
    expect(other.engines.every(({ built }) => built)).toBe(true);
    expect(readdirSync(join(dir, 'home/timing-caches'))).toHaveLength(1);
  });

  it('times every batch in turns, with what the GPU did', async () => {
    const { variants, gpu, device } = await json<BenchResult>(...onGpu('bench', '--batches', '1,4', '--rounds', '3'));
    expect(variants.map(({ variant, batch }) => [variant, batch])).toEqual([
      ['fp32', 1],
      ['int8-minmax', 1],
      ['fp32', 4],
      ['int8-minmax', 4],
    ]);
    for (const { latencyMs } of variants) expect(latencyMs.median).toBeCloseTo(GRAPH_MS, 3);
    expect(variants[1]?.ratioToFp32?.median).toBeCloseTo(1, 3);
    expect(gpu?.tensorrt).toBe('10.6.0');
    expect(device).not.toBe('');
  });

  it('validates on the engines, the last batch filled up', async () => {
    const { images, backend, target, variants } = await json<ValidateResult>(...onGpu('validate', '--batches', '3'));
    expect({ images, backend, target }).toEqual({ images: 40, backend: 'tensorrt', target: 'tensorrt' });
    expect(variants.map(({ variant, agreement }) => [variant, agreement])).toEqual([
      ['fp32', 100],
      ['int8-minmax', 100],
    ]);
  });

  it('hands over the calibration cache and the precisions of layers for implicit typing', async () => {
    await json('set', project, '--layer', 'conv0', '--precision', 'fp32');
    const { engines, warnings } = await json<BuildResult>(
      'build',
      project,
      '--backend',
      'tensorrt',
      '--implicit',
      '--variants',
      'mixed-minmax',
    );
    expect(engines.map(({ built }) => built)).toEqual([true]);
    expect(warnings.filter(({ message }) => message.includes('conv0'))).toEqual([]);
    const told = readFileSync(engines[0]?.path ?? '', 'latin1');
    expect(told).toContain('MinMaxCalibration');
  });

  it('shows the engine of a variant, what was asked of its layers, and whether it is still that of the plan', async () => {
    const workbench = createWorkbench();
    try {
      const { variants, engine } = await workbench.getEngineLayers({ projectPath: project });
      expect([...variants].sort()).toEqual(['fp32', 'int8-minmax', 'mixed-minmax']);
      expect(variants[0]).toBe('mixed-minmax'); // used last
      expect(engine).toMatchObject({
        variant: 'mixed-minmax',
        isCurrent: true,
        runtime: 'TensorRT 10.6.0',
        device: 'Fake GPU 9.0',
        asked: { conv0: 'fp32', conv1: 'int8' },
      });
      await json('set', project, '--layer', 'conv0', '--precision', 'int8');
      expect((await workbench.getEngineLayers({ projectPath: project })).engine?.isCurrent).toBe(false);
      const int8 = await workbench.getEngineLayers({ projectPath: project, variant: 'int8-minmax' });
      expect(int8.engine).toMatchObject({
        variant: 'int8-minmax',
        isCurrent: true,
        asked: { conv0: 'int8', head: expect.any(String) as string },
      });
      expect((await workbench.getEngineLayers({ projectPath: project, variant: 'fp16' })).engine).toBeNull();
    } finally {
      workbench.dispose();
    }
  });

  it('builds once for GPUs of one kind, and times each of them, one after the other or at once', async () => {
    const two = { FAKE_CUDA_DEVICES: '2' };
    const builds = await jsonWith<BuildResult>(two, ...onGpu('build', '--batches', '2', '--devices', 'all'));
    expect(builds.engines.map(({ variant, built, device }) => [variant, built, device?.index])).toEqual([
      ['fp32', true, 0],
      ['int8-minmax', true, 0],
      ['fp32', false, 1],
      ['int8-minmax', false, 1],
    ]);
    expect(new Set(builds.engines.map(({ path }) => path)).size).toBe(2);
    for (const flags of [[], ['--parallel']]) {
      const { variants, devices, gpu } = await jsonWith<BenchResult>(
        two,
        ...onGpu('bench', '--batches', '2', '--rounds', '2', '--devices', '1,0', ...flags),
      );
      expect(
        variants.map(({ variant, device, latencyMs }) => [variant, device?.index, Number(latencyMs.median.toFixed(3))]),
      ).toEqual([
        ['fp32', 0, GRAPH_MS],
        ['int8-minmax', 0, GRAPH_MS],
        ['fp32', 1, GRAPH_MS],
        ['int8-minmax', 1, GRAPH_MS],
      ]);
      expect(devices?.map(({ device }) => device)).toEqual([
        { index: 0, name: 'Fake GPU' },
        { index: 1, name: 'Fake GPU' },
      ]);
      expect(devices?.every(({ seconds }) => seconds > 0)).toBe(true);
      expect(gpu?.tensorrt).toBe('10.6.0');
    }
  });

  it('builds for each of GPUs of different kinds, at once where that is asked for', async () => {
    const kinds = { FAKE_CUDA_DEVICES: '2', FAKE_CUDA_KINDS: 'Fake GPU,Other GPU' };
    const { engines } = await jsonWith<BuildResult>(
      kinds,
      ...onGpu('build', '--batches', '3', '--optimization-level', '1', '--devices', '0,1', '--parallel'),
    );
    expect(engines.map(({ built, device }) => [built, device?.name])).toEqual([
      [true, 'Fake GPU'],
      [true, 'Fake GPU'],
      [true, 'Other GPU'],
      [true, 'Other GPU'],
    ]);
    expect(new Set(engines.map(({ path }) => path)).size).toBe(4);
    expect(readdirSync(join(dir, 'home/timing-caches'))).toHaveLength(2);
  });

  it('tunes: builds FP16 and INT8, keeps the engines, and ships FP16 if nothing is faster', async () => {
    const flags = ['tune', project, '--variant', 'mixed-minmax', '--batches', '5', '--rounds', '2'];
    const table = join(dir, 'kernel-times.json');
    const first = await json<TuneResult>(...flags, '--adopt', '--export-table', table);
    expect(JSON.parse(readFileSync(table, 'utf8'))).toMatchObject({ gpu: 'Fake GPU 9.0', tensorrt: '10.6.0' });
    const built = first.candidates.filter(({ buildSeconds }) => buildSeconds > 0);
    expect(first.candidates.length).toBeLessThanOrEqual(4);
    expect(built.length).toBeGreaterThanOrEqual(2);
    expect(first.candidates.map(({ name }) => name).slice(0, 2)).toEqual(['fp16', 'int8']);
    const { tables } = await json<{ readonly tables: readonly { readonly source: string }[] }>('kernels', table);
    const own = tables.filter(({ source }) => source === 'user');
    expect(own).toMatchObject([{ gpu: 'Fake GPU 9.0', tensorrt: '10.6.0', source: 'user' }]);
    // Every engine of the stand-in takes the same time: FP16 loses nothing.
    expect(first).toMatchObject({ chosen: 0, tensorrt: '10.6.0' });
    expect(first.summary).toContain('Ship FP16');
    // The adopted precisions are not decisions about accuracy: tuning again starts from the same plan and builds
    // nothing.
    const again = await json<TuneResult>(...flags, '--import-table', table);
    expect(again.fixed).toEqual(first.fixed);
    expect(again.candidates.every(({ buildSeconds }) => buildSeconds === 0)).toBe(true);
    const [fp16, int8] = first.candidates;
    const compared = await json<unknown>('diff', project, fp16?.enginePath ?? '', int8?.enginePath ?? '');
    const named = await json<{ readonly differences: unknown }>('diff', project, 'tuning:fp16', 'tuning:int8');
    expect(compared).toMatchObject({ differences: named.differences });
    expect(compared).toMatchObject({
      a: { variant: 'mixed-minmax', batch: 5, runtime: 'TensorRT 10.6.0' },
      b: { variant: 'mixed-minmax' },
      differences: expect.any(Array) as unknown,
    });
    expect((await calib(['diff', project, 'tuning:nothing', 'fp16'])).code).toBe(1);
    expect((await calib(['diff', project, 'nothing', 'fp16'])).code).toBe(2);
  });

  it('tunes within a build and a run, which show the placement as mixed', async () => {
    const build = ['build', project, '--backend', 'tensorrt', '--batches', '5', '--tune'];
    const tuned = await json<BuildResult>(...build, '--variants', 'mixed-minmax');
    // The engine of this plan is the one that the tuning chose.
    expect(tuned.tuning?.summary).toContain('Ship FP16');
    expect(tuned.engines.map(({ built }) => built)).toEqual([false]);
    expect((await calib([...build, '--variants', 'int8-minmax'])).code).toBe(2);
    const run = ['run', project, '--backend', 'tensorrt', '--batches', '5', '--rounds', '2', '--tune'];
    const { tuning } = await json<{ readonly tuning: string }>(...run, '--variants', 'fp32,mixed-minmax');
    expect(tuning).toBe(tuned.tuning?.summary);
    expect((await calib([...run, '--variants', 'fp32,int8-minmax'])).code).toBe(2);
  });

  it('refuses GPUs that are not there, and unclear wishes', async () => {
    for (const flags of [['--devices', '0,1'], ['--devices', '0', '--device', '0'], ['--parallel']])
      expect((await calib(onGpu('bench', ...flags))).code).toBe(2);
    expect(
      (await calib(['bench', project, '--devices', 'all', '--variants', 'fp32', '--target', 'onnxruntime'])).code,
    ).toBe(2);
  });

  it('records the target that was run when there is no validation set', async () => {
    const unvalidated = join(dir, 'unvalidated.calib');
    await json(...initArguments({ model, images, validation: null, project: unvalidated }));
    const { report } = await json<{ readonly report: string }>(
      'run',
      unvalidated,
      '--backend',
      'tensorrt',
      '--variants',
      'fp32,int8-minmax',
      '--rounds',
      '2',
    );
    const record: unknown = JSON.parse(readFileSync(join(dirname(report), 'run.json'), 'utf8'));
    expect(record).toMatchObject({ options: { backend: 'tensorrt', target: 'tensorrt' } });
  });

  it('searches for what it measures: plans are judged as they are placed for the engine', async () => {
    const { target, plans, tuning } = await json<SearchResult>(
      'search',
      project,
      '--backend',
      'tensorrt',
      '--method',
      'minmax',
      '--max-layers',
      '1',
      '--tune',
    );
    expect(tuning?.summary).toContain('Measured: fp16');
    expect(target).toBe('tensorrt');
    expect(plans.some(({ latencyKind }) => latencyKind === 'measured')).toBe(true);
    expect((await calib(['search', project, '--backend', 'tensorrt', '--target', 'onnxruntime'])).code).toBe(2);
  });

  it('makes it pass with plans that are judged and timed as engines', async () => {
    await json('set', project, '--gate', 'maxDrop=100', '--gate', 'maxWorstGroupDrop=100');
    const found = await json<Omit<FixResult, 'chosen'> & { readonly chosen: FixResult['plans'][number] | null }>(
      'fix',
      project,
      '--backend',
      'tensorrt',
    );
    expect(found).toMatchObject({ backend: 'tensorrt', target: 'tensorrt', isFinished: true });
    expect(found.chosen).toMatchObject({ stage: 'present', met: true, latencyKind: 'measured' });
    expect(found.chosen?.latencyMs).toBeCloseTo(GRAPH_MS, 3);
    expect(found.references.map(({ variant, latencyKind }) => [variant, latencyKind])).toEqual([
      ['fp32', 'measured'],
      ['fp16', 'measured'],
    ]);
    expect((await calib(['fix', project, '--backend', 'tensorrt', '--target', 'onnxruntime'])).code).toBe(2);
    await json('set', project, '--gate', 'maxDrop=none', '--gate', 'maxWorstGroupDrop=none');
  });

  it('keeps every engine that a search uses, even above the size limit of the stored engines', async () => {
    for (const [name, value] of Object.entries(env())) vi.stubEnv(name, value);
    const workbench = createWorkbench({ maxEnginesBytes: 1 });
    try {
      const { jobId } = await workbench.startJob({
        kind: 'search',
        projectPath: project,
        backend: 'tensorrt',
        method: 'minmax',
        maxLayers: 1,
      });
      const { state, error, result } = await finished(workbench, jobId);
      expect([state, error]).toEqual(['done', null]);
      const measured = (result as SearchResult).plans.filter(({ latencyKind }) => latencyKind === 'measured');
      expect(measured.length).toBeGreaterThan(0);
    } finally {
      workbench.dispose();
      vi.unstubAllEnvs();
    }
  });

  it('chooses the thresholds of auto first, on several GPUs too', async () => {
    const { engines } = await jsonWith<BuildResult>(
      { FAKE_CUDA_DEVICES: '2' },
      'build',
      project,
      '--backend',
      'tensorrt',
      '--variants',
      'int8-auto',
      '--devices',
      'all',
    );
    expect(engines.map(({ variant }) => variant)).toEqual(['int8-auto', 'int8-auto']);
  });

  it('times a model that fixes its batch at that batch, and refuses another before it builds', async () => {
    const model = tinyModel({ batch: 4 });
    await writeModel(
      { ...model, graph: { ...model.graph, docString: SCRIPT.replaceAll('-1,', '4,') } },
      join(dir, 'four.onnx'),
    );
    const four = join(dir, 'four.calib');
    await json(...initArguments({ model: join(dir, 'four.onnx'), images, validation: null, project: four }));
    const refused = await calib(['bench', four, '--backend', 'tensorrt', '--variants', 'fp32', '--batches', '1,8']);
    expect([refused.code, refused.stdout]).toEqual([
      2,
      expect.stringContaining('Expected batch 4, which the model fixes, found 1, 8'),
    ]);
    const { variants } = await json<BenchResult>(
      'bench',
      four,
      '--backend',
      'tensorrt',
      '--variants',
      'fp32',
      '--rounds',
      '1',
    );
    expect(variants.map(({ batch }) => batch)).toEqual([4]);
    const workbench = createWorkbench();
    try {
      expect((await workbench.getEngineLayers({ projectPath: four })).engine?.batch).toBe(4);
    } finally {
      workbench.dispose();
    }
  });

  it('tells TensorRT of layers without a name by the name that its parser gives them', async () => {
    const model = tinyModel();
    const nameless = model.graph.node.map((node) => ({ ...node, name: '' }));
    await writeModel(
      {
        ...model,
        graph: { ...model.graph, node: nameless, docString: SCRIPT.replace('layer conv0', 'layer node_of_c0') },
      },
      join(dir, 'nameless.onnx'),
    );
    const project2 = join(dir, 'nameless.calib');
    await json(...initArguments({ model: join(dir, 'nameless.onnx'), images, validation: null, project: project2 }));
    await json('calibrate', project2);
    await json('set', project2, '--layer', 'Conv_0', '--precision', 'fp16');
    await json('set', project2, '--layer', 'Conv_2', '--precision', 'fp16');
    const { warnings } = await json<BuildResult>(
      'build',
      project2,
      '--backend',
      'tensorrt',
      '--implicit',
      '--variants',
      'mixed-minmax',
    );
    // The stand-in has one layer only.
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('no layer of Conv_2: its precision was not set'),
    ]);
    const bench = await json<BenchResult>(
      'bench',
      project2,
      '--backend',
      'tensorrt',
      '--implicit',
      '--variants',
      'mixed-minmax',
      '--rounds',
      '1',
    );
    expect(bench.warnings.map(({ message }) => message)).toContainEqual(expect.stringContaining('no layer of Conv_2'));
  });

  it('builds an engine again that is not the one it built', async () => {
    const { engines } = await json<BuildResult>(...onGpu('build'));
    const [fp32, int8] = engines.map(({ path }) => path);
    appendFileSync(fp32 ?? '', 'x');
    const again = await json<BuildResult>(...onGpu('build'));
    expect(again.engines.map(({ path, built }) => ({ path, built }))).toEqual([
      { path: fp32, built: true },
      { path: int8, built: false },
    ]);
  });

  it('loads no engine of a project folder that another user built, and says so', async () => {
    await json<BuildResult>(...onGpu('build'));
    // The folder is complete and its hashes are right; but they say only what the folder says of itself.
    const stranger = { CALIB_HOME: join(dir, 'home of a stranger') };
    const { engines, warnings } = await jsonWith<BuildResult>(stranger, ...onGpu('build'));
    expect(engines.map(({ built }) => built)).toEqual([true, true]);
    expect(warnings.filter(({ code }) => code === 'foreign-engine').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^fp32: the engine .* was not built by this user on this machine/),
      expect.stringMatching(/^int8-minmax: the engine .* was not built by this user on this machine/),
    ]);
    expect((await jsonWith<BuildResult>(stranger, ...onGpu('build'))).engines.map(({ built }) => built)).toEqual([
      false,
      false,
    ]);
  });

  it('quotes TensorRT when it refuses a model, and leaves no engine behind', async () => {
    const model = tinyModel();
    await writeModel(
      {
        ...model,
        graph: { ...model.graph, docString: `${SCRIPT}build-error Could not find any implementation for node conv0\n` },
      },
      join(dir, 'refused.onnx'),
    );
    const refused = join(dir, 'refused.calib');
    await json(...initArguments({ model: join(dir, 'refused.onnx'), images, validation: null, project: refused }));
    const outcome = await calib(['build', refused, '--backend', 'tensorrt', '--variants', 'fp32']);
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toMatch(/Could not find any implementation for node conv0[\s\S]*raise --workspace/);
    expect(
      readdirSync(join(refused, 'engines'))
        .flatMap((key) => readdirSync(join(refused, 'engines', key)))
        .filter((name) => name.endsWith('.engine') || name === 'engine.json'),
    ).toEqual([]);
  });
});
