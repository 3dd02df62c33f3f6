/**
 * What a CI system relies on: equal results of equal inputs, one exit code, files, and a run that goes on after a kill.
 */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunDetails } from '../../src-shared/domain/runs/run-details';
import type { RunRecord } from '../../src-shared/domain/runs/run-record';
import { calib, calibJson, startCalib } from '../support/calib-process';
import { needs, pythonWith, runProgram } from '../support/programs';
import { REPO_ROOT } from '../support/shared';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const SAMPLE = join(REPO_ROOT, 'resources/sample');
const QUICK = ['--limit', '30', '--rounds', '2', '--variants', 'fp32,int8-minmax,mixed'];

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-ci-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function project(name: string, ...gates: readonly string[]): Promise<string> {
  const path = join(dir, name);
  const sets = ['--calibration', join(SAMPLE, 'calibration'), '--validation', join(SAMPLE, 'validation')];
  await calibJson('init', join(SAMPLE, 'plate_chars.onnx'), ...sets, '-o', path);
  const limits = gates.flatMap((gate) => ['--gate', gate]);
  await calibJson('set', path, '--target', 'onnxruntime', ...limits);
  return path;
}

function recorded(path: string, runId: string): { readonly record: RunRecord; readonly details: RunDetails } {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(path, 'runs', runId, file), 'utf8'));
  return { record: read('run.json') as RunRecord, details: read('details.json') as RunDetails };
}

interface RunJson {
  readonly runId: string;
  readonly gates: RunRecord['gates'];
  readonly steps: NonNullable<RunRecord['steps']>;
  readonly inputsSha256: string;
}

async function runOf(path: string, ...options: readonly string[]): Promise<RunJson> {
  const { stdout, stderr } = await calib('run', path, ...QUICK, ...options, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as RunJson;
}

describe('two runs of the sample', () => {
  it('give the same thresholds, plans and verdicts bit for bit, with other threads in another folder', async () => {
    const gates = ['maxTop1Drop=0.5', 'maxWorstGroupDrop=1', 'minTop1=90', 'minAgreement=90', 'maxSizeMb=1'];
    const a = await project('a.calib', ...gates);
    const b = await project('b.calib', ...gates);
    const first = await runOf(a, '--threads', '2');
    const second = await runOf(b, '--threads', '1');
    expect(second.inputsSha256).toBe(first.inputsSha256);
    expect(second.runId.slice(-6)).toBe(first.runId.slice(-6));
    expect(second.gates).toEqual(first.gates);
    const one = recorded(a, first.runId);
    const two = recorded(b, second.runId);
    expect(Object.keys(one.details.thresholds).length).toBeGreaterThan(10);
    expect(one.details.layers.length).toBeGreaterThan(10);
    expect(two.details).toEqual(one.details);
    expect(two.record.calibration.sha256).toBe(one.record.calibration.sha256);
    expect(two.record.validation).toEqual(one.record.validation);
  });
});

describe('a run that is killed', () => {
  it('goes on after its last finished step', async () => {
    const path = await project('killed.calib', 'maxLatencyMs=1000');
    const running = startCalib(['run', path, ...QUICK, '--json']);
    await running.stderrMatches(/validating/);
    running.child.kill('SIGKILL');
    await running.outcome;
    expect(readdirSync(join(path, 'runs'))).toEqual(['unfinished']);
    const { steps } = await runOf(path);
    expect(steps.find(({ step }) => step === 'benchmark')).toEqual({ step: 'benchmark', state: 'done', resumed: true });
    expect(readdirSync(join(path, 'runs', 'unfinished'))).toEqual([]);
    const again = await runOf(path);
    expect(again.steps.find(({ step }) => step === 'benchmark')).not.toHaveProperty('resumed');
  });
});

describe('several projects', () => {
  it('have one table, one exit code and one file each; one that fails does not stop the others', async () => {
    await project('good.calib', 'minTop1=50');
    await project('missed.calib', 'maxTop1Drop=0', 'maxSizeMb=baseline');
    const list = join(dir, 'zoo.json');
    const junit = join(dir, 'junit.xml');
    const stepSummary = join(dir, 'step.md');
    const write = (...names: readonly string[]): void =>
      writeFileSync(list, JSON.stringify({ version: 1, projects: names.map((path) => ({ path })) }));
    const all = ['run', '--projects', list, ...QUICK, '--junit', junit];
    write('good.calib', 'none.calib', 'missed.calib');
    const failed = startCalib(all, { env: { GITHUB_STEP_SUMMARY: stepSummary } });
    const { code, stdout } = await failed.outcome;
    expect(code).toBe(1);
    expect(stdout).toMatch(/good +mixed .*1 of 1 met/);
    expect(stdout).toMatch(/none +failed/);
    expect(stdout).toContain('NOT JUDGED  maxSizeMb of mixed: no baseline run was named or found');
    const xml = readFileSync(junit, 'utf8');
    expect(xml).toContain('<testsuite name="good" ');
    expect(xml).toContain('<error type="failed"');
    expect(readFileSync(stepSummary, 'utf8')).toContain('| none |');
    write('good.calib', 'missed.calib');
    expect((await calib(...all)).code).toBe(3);
    write('good.calib');
    expect((await calib(...all)).code).toBe(0);
  });
});

describe('a baseline', () => {
  it('is the newest run of a branch, in a folder that machines share', async () => {
    const path = await project('branches.calib', 'maxSizeMb=baseline', 'minTop1=baseline-0.5');
    const shared = join(dir, 'shared');
    const first = await runOf(path, '--history', shared, '--branch', 'main', '--baseline', 'main');
    expect(first.gates.map(({ state, reasonCode }) => [state, reasonCode])).toEqual([
      ['unjudged', 'no-baseline'],
      ['unjudged', 'no-baseline'],
    ]);
    rmSync(join(path, 'runs'), { recursive: true });
    const second = await runOf(path, '--history', shared, '--branch', 'topic', '--baseline', 'main');
    expect(second.gates.map(({ state, baseline }) => [state, baseline?.runId])).toEqual([
      ['met', first.runId],
      ['met', first.runId],
    ]);
    expect(existsSync(join(shared, second.runId, 'report.html'))).toBe(true);
    const refused = await calib('run', path, ...QUICK, '--baseline', '20200101T000000000Z-abcdef');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no run 20200101') as string });
  });
});

const schemaPython = pythonWith('check_jsonschema');
const [pipelinesTitle, isWithoutSchemas] = needs('the ready pipelines', { 'check-jsonschema': schemaPython });
describe.skipIf(isWithoutSchemas)(pipelinesTitle, () => {
  it.each([
    ['github-actions.yml', '--builtin-schema', 'vendor.github-workflows'],
    ['gitlab-ci.yml', '--builtin-schema', 'vendor.gitlab-ci', '--data-transform', 'gitlab-ci'],
  ])('%s follows the schema of its system', async (file, ...schema) => {
    const path = join(REPO_ROOT, 'docs/ci', file);
    // A wrong file is an error of the program.
    await runProgram(schemaPython ?? '', ['-m', 'check_jsonschema', ...schema, path]);
  });
});
