import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BenchResult, TuneResult } from '../../src-shared/contract/job-results';
import { GRAPH_MS, SCRIPT, useEngineProject } from '../support/fake-tensorrt/engine-project';
import { MAJORS_WITH_HEADERS } from '../support/fake-tensorrt/libraries';

/** Layer, implementation, tactic, time that the builder measures, and time in an engine. */
const KERNELS = [
  'kernel conv0 1 17 0.0050 0.0100', // the builder takes it by chance
  'kernel conv0 1 18 0.0052 0.0040',
  'kernel conv0 1 19 0.0055 0.0120',
  'kernel conv0 1 20 0.0200 0.0010', // so slow by the builder that it is not tried
  'kernel conv1 1 17 0.0050 0.0060',
  'kernel conv1 1 18 0.0051 0.0090',
];

const script = (...lines: readonly string[]): string =>
  [SCRIPT.trimEnd(), 'layer conv1', ...KERNELS, ...lines, ''].join('\n');
const { project, json } = useEngineProject(script());
const refusing = useEngineProject(script('kernel-error 18 Could not find any implementation for node conv0'));
const tuning = (path: string): readonly string[] => [
  'tune',
  path,
  '--variant',
  'mixed-minmax',
  '--batches',
  '5',
  '--rounds',
  '2',
];

const kernelsIn = (enginePath: string): Record<string, string> =>
  Object.fromEntries(
    (
      JSON.parse(readFileSync(join(dirname(enginePath), 'kernels.json'), 'utf8')) as readonly {
        readonly layer: string;
        readonly kernel: string;
      }[]
    ).map(({ layer, kernel }) => [layer, kernel]),
  );

describe.skipIf(!MAJORS_WITH_HEADERS.includes(10))('the choice of kernels in a tuning', () => {
  let first: TuneResult;

  it('tries kernels that the builder measures as about as fast, and builds the plan with the fastest ones', async () => {
    first = await json<TuneResult>(...tuning(project), '--adopt');
    expect(first.candidates.map(({ name, kernelsOf }) => [name, kernelsOf])).toEqual([
      ['fp16', undefined],
      ['int8', undefined],
      ['kernels-1', 'fp16'],
      ['kernels-2', 'fp16'],
    ]);
    const [fp16, , tried, fastest] = first.candidates;
    expect([fp16, tried, fastest].map((candidate) => kernelsIn(candidate?.enginePath ?? ''))).toEqual([
      { conv0: '1:11', conv1: '1:11' },
      { conv0: '1:12', conv1: '1:12' },
      { conv0: '1:12', conv1: '1:11' },
    ]);
    expect(first.chosen).toBe(3);
    expect(first.candidates.map(({ latencyMs }) => latencyMs['5'])).toEqual(
      [0.016, 0.016, 0.013, 0.01].map((ms) => expect.closeTo(GRAPH_MS + ms, 6) as number),
    );
    expect(first.summary).toContain('Ship FP16, as the engine kernels-2 with other kernels');
  });

  it('leaves the chosen engine where commands that build the plan find it', async () => {
    const { variants } = await json<BenchResult>(
      ...['bench', project, '--backend', 'tensorrt', '--variants', 'mixed-minmax', '--batches', '5', '--rounds', '2'],
    );
    expect(variants.map(({ latencyMs }) => latencyMs.median)).toEqual([expect.closeTo(GRAPH_MS + 0.01, 6)]);
    // The candidates keep their names where their engines changed places.
    const { differences } = await json<{ readonly differences: readonly { readonly lostMs: number }[] }>(
      ...['diff', project, 'tuning:kernels-2', 'mixed-minmax'],
    );
    expect(differences.map(({ lostMs }) => lostMs)).toEqual([0, 0]);
  });

  it('builds nothing again, and finds the engines that it made', async () => {
    const again = await json<TuneResult>(...tuning(project));
    expect(again.candidates.map(({ name, buildSeconds }) => [name, buildSeconds])).toEqual(
      ['fp16', 'int8', 'kernels-1', 'kernels-2'].map((name) => [name, 0]),
    );
    expect(again.candidates[0]?.enginePath).toBe(first.candidates[3]?.enginePath);
    expect(again.chosen).toBe(0);
  });

  it('builds the fastest engine again if it was deleted', async () => {
    const enginePath = first.candidates[first.chosen]?.enginePath ?? '';
    rmSync(dirname(enginePath), { recursive: true });
    const { candidates, chosen } = await json<TuneResult>(...tuning(project));
    expect(candidates[chosen]).toMatchObject({ name: 'kernels-2', kernelsOf: 'fp16', enginePath });
    expect(kernelsIn(enginePath)).toEqual({ conv0: '1:12', conv1: '1:11' });
  });

  it('tries the kernels at another batch size once more', async () => {
    const { candidates } = await json<TuneResult>(...tuning(project), '--batches', '3');
    const tried = candidates.find(({ name }) => name === 'kernels-1');
    expect(kernelsIn(tried?.enginePath ?? '')).toEqual({ conv0: '1:12', conv1: '1:12' });
  });

  it('keeps what it has where TensorRT builds no engine with other kernels', async () => {
    const result = await refusing.json<TuneResult>(...tuning(refusing.project));
    expect(result.candidates.map(({ name }) => name)).toEqual(['fp16', 'int8']);
    expect(result.warnings.filter(({ code }) => code === 'kernels-refused')).toMatchObject([
      { message: expect.stringContaining('Could not find any implementation') as string },
    ]);
  });
});
