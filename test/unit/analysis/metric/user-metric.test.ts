import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { metricHash } from '../../../../src-main/analysis/metric/metric-hash';
import { measureOf, recordProblem } from '../../../../src-main/analysis/metric/metric-values';
import { npyBytes } from '../../../../src-main/analysis/metric/npy-write';
import { openMetric } from '../../../../src-main/analysis/metric/open-metric';
import type { MetricInput, UserMetric } from '../../../../src-main/analysis/metric/user-metric';
import { isRunning } from '../../../../src-main/base/running-process';
import type { MetricSource } from '../../../../src-shared/domain/tasks/task';
import { REPO_ROOT } from '../../../support/shared';
import { useTempDirs } from '../../../support/temp-dir';

const tempDir = useTempDirs();
const opened: UserMetric[] = [];

afterEach(async () => {
  for (const metric of opened.splice(0)) await metric.close();
});

async function open(source: MetricSource, isStopped?: () => boolean): Promise<UserMetric> {
  const metric = await openMetric(source, await metricHash(source), isStopped);
  opened.push(metric);
  return metric;
}

function moduleOf(content: string, timeoutSeconds = 30): MetricSource {
  const path = join(tempDir(), 'metric.mjs');
  writeFileSync(path, content);
  return { kind: 'module', path, timeoutSeconds };
}

const SUMMARIZE = 'export const summarize = () => ({ name: "n", value: 1, higherIsBetter: true });\n';

function inputOf(file: string, label: number | null, values: readonly number[]): MetricInput {
  return {
    outputs: new Map([['logits', { dims: [1, values.length], data: Float32Array.from(values) }]]),
    label,
    image: { file, path: `/images/${file}`, group: null, width: 4, height: 3, geometry: null },
  };
}

const IMAGE = inputOf('day/a.png', 1, [0, 2, 1]);

describe('a metric that is a module', () => {
  it('scores images and summarizes records', async () => {
    const metric = await open(
      moduleOf(`
        import { extname } from 'node:path';
        export async function score(outputs, label, image) {
          const { dims, data } = outputs.logits;
          return label === null ? null : { right: data.indexOf(Math.max(...data)) === label, dims, type: extname(image.file) };
        }
        export function summarize(records) {
          return { name: 'errors', value: records.filter(({ right }) => !right).length, direction: 'lower' };
        }`),
    );
    expect(await metric.score(IMAGE)).toEqual({ right: true, dims: [1, 3], type: '.png' });
    const all = await Promise.all([
      metric.score(inputOf('b.png', 0, [0, 1])),
      metric.score(inputOf('c.png', null, [0])),
    ]);
    expect(all).toEqual([{ right: false, dims: [1, 2], type: '.png' }, null]);
    expect(await metric.summarize([{ right: false }, { right: true }])).toEqual({
      name: 'errors',
      value: 1,
      higherIsBetter: false,
    });
  });

  it('names the image and the line of an error, and goes on', async () => {
    const source = moduleOf(
      `export function score(outputs, label) {\n  if (label === 1) outputs.none.x;\n  return 0;\n}\n${SUMMARIZE}`,
    );
    const metric = await open(source);
    await expect(metric.score(IMAGE)).rejects.toMatchObject({
      code: 'metric-failed',
      message: expect.stringMatching(
        /metric\.mjs failed for day\/a\.png: TypeError: .*\(metric\.mjs:2:\d+\)$/,
      ) as string,
    });
    expect(await metric.score(inputOf('b.png', 0, [0]))).toBe(0);
  });

  it('is ended when an answer takes too long, even in an endless loop', async () => {
    const metric = await open(moduleOf(`export function score() { for (;;); }\n${SUMMARIZE}`, 0.2));
    await expect(metric.score(IMAGE)).rejects.toThrow(/no answer within 0\.2 s for day\/a\.png; it was ended/);
    await expect(metric.score(IMAGE)).rejects.toThrow(/day\/a\.png/);
  });

  it('is ended by a cancellation', async () => {
    let isStopped = false;
    const metric = await open(moduleOf(`export function score() { for (;;); }\n${SUMMARIZE}`), () => isStopped);
    const answer = metric.score(IMAGE);
    isStopped = true;
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each([
    ['import http from "node:http";', /imports "node:http", which is not available/],
    ['import net from "net";', /imports "net", which is not available/],
    ['import { spawn } from "node:child_process";', /"node:child_process", which is not available/],
    ['import { Worker } from "node:worker_threads";', /"node:worker_threads", which is not available/],
    ['import { createRequire } from "node:module";', /"node:module", which is not available/],
    ['import "./other.mjs";', /imports "\.\/other\.mjs"; a metric is one file/],
    ['import sharp from "sharp";', /imports "sharp"; a metric is one file/],
    ['await import("node:https");', /"node:https", which is not available/],
    ['await fetch("http://127.0.0.1:9/");', /fetch is not available to a metric/],
    ['new WebSocket("ws://127.0.0.1:9/");', /WebSocket is not available to a metric/],
    ['process.getBuiltinModule("node:http");', /process\.getBuiltinModule is not available/],
    ['process.exit(0);', /process\.exit is not available/],
  ])('refuses %s', async (line, message) => {
    await expect(open(moduleOf(`${line}\nexport const score = () => 0;\n${SUMMARIZE}`))).rejects.toThrow(message);
  });

  it.each([
    ['export const score = () => ({ iou: 0 / 0 });', /for day\/a\.png: .* no JSON value: the record\.iou is NaN/],
    ['export const score = () => undefined;', /the record is undefined/],
    ['export const score = () => [1n];', /the record\[0\] is a bigint/],
    ['export const score = (outputs) => outputs.logits.data;', /a Float32Array, which JSON cannot hold; Array\.from/],
    ['export const score = () => { const a = {}; a.a = a; return a; };', /nested more than 100 levels/],
  ])('refuses the record of %s', async (line, message) => {
    const metric = await open(moduleOf(`${line}\n${SUMMARIZE}`));
    await expect(metric.score(IMAGE)).rejects.toThrow(message);
  });

  it('says what is wrong with a module: its syntax with the line, its exports, its measure', async () => {
    await expect(open(moduleOf('export const a = 1;\nexport const b = ;\n'))).rejects.toThrow(
      /while it is loaded: SyntaxError: .*\(metric\.mjs:2\)$/,
    );
    await expect(open(moduleOf('export const score = () => 0;'))).rejects.toThrow('exports no function "summarize"');
    const metric = await open(moduleOf('export const score = () => 0;\nexport const summarize = () => 0.5;'));
    await expect(metric.summarize([1])).rejects.toThrow(/to return \{ name, value, higherIsBetter \}.*found 0\.5/);
    await expect(open({ kind: 'module', path: '/no/metric.mjs' })).rejects.toMatchObject({ code: 'not-found' });
  });
});

/** The Python example of the documentation. */
function documentedScript(): string {
  const text = readFileSync(join(REPO_ROOT, 'docs/custom-metric.md'), 'utf8');
  return /```python\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
}

function commandOf(script: string, timeoutSeconds = 30): MetricSource {
  const path = join(tempDir(), 'score.py');
  writeFileSync(path, script);
  return { kind: 'command', command: ['python3', path], timeoutSeconds };
}

const metricFolders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('calib-metric-'));

/** A command that answers requests with what the expression gives. */
const answering = (expression: string): string =>
  `import json, os, sys, time\nfor line in sys.stdin:\n    request = json.loads(line)\n    print(${expression}, flush=True)\n`;

describe('a metric that is a command', () => {
  it('works as documented, and leaves neither a process nor files', async () => {
    const before = metricFolders();
    const metric = await open(commandOf(documentedScript()));
    expect(metricFolders()).toHaveLength(before.length + 1);
    expect(await metric.score(IMAGE)).toEqual({ right: true });
    expect(await metric.score(inputOf('b.png', 0, [-1, 0.5, 0.25]))).toEqual({ right: false });
    expect(await metric.score(inputOf('c.png', null, [1]))).toBeNull();
    await expect(metric.score({ ...IMAGE, outputs: new Map() })).rejects.toThrow(/for day\/a\.png: ValueError/);
    expect(await metric.summarize([{ right: true }, { right: false }])).toEqual({
      name: 'accuracy',
      value: 50,
      higherIsBetter: true,
    });
    await metric.close();
    expect(metricFolders()).toEqual(before);
  });

  it.each([
    [answering(`"hello"`), /for day\/a\.png: expected an answer with "id": 1 .* found hello, which is no JSON/],
    [answering(`'{"id": 1, "record": NaN}'`), /which is no JSON: JSON has no NaN and no Infinity/],
    [answering(`'{"id": 7, "record": 0}'`), /expected an answer with "id": 1 .* found \{"id":7,"record":0\}/],
    [answering(`'{"id": 1}'`), /to answer with a record for day\/a\.png/],
    [
      'import sys\nsys.stdin.readline()\nsys.exit("no memory")\n',
      /for day\/a\.png: it ended with exit code 1.*no memory/,
    ],
  ])('names the image when a command misbehaves: %s', async (script, message) => {
    const metric = await open(commandOf(script));
    await expect(metric.score(IMAGE)).rejects.toThrow(message);
  });

  it('is killed with its children when an answer takes too long', async () => {
    const pidFile = join(tempDir(), 'pids');
    const script =
      `import os, subprocess, sys, time\nchild = subprocess.Popen(["sleep", "600"])\n` +
      `open(${JSON.stringify(pidFile)}, "w").write(f"{os.getpid()} {child.pid}")\ntime.sleep(600)\n`;
    const metric = await open(commandOf(script, 1.5));
    await expect(metric.score(IMAGE)).rejects.toThrow(/no answer within 1\.5 s for day\/a\.png; it was ended/);
    expect(existsSync(pidFile)).toBe(true);
    const pids = readFileSync(pidFile, 'utf8').split(' ').map(Number);
    await expect.poll(() => pids.some(isRunning)).toBe(false);
  });

  it('says that a program does not exist', async () => {
    const metric = await open({ kind: 'command', command: ['no-such-program-here'] });
    await expect(metric.score(IMAGE)).rejects.toThrow(/could not be started: .*ENOENT/);
  });
});

describe('consent', () => {
  it('is needed for the metric in its present form', async () => {
    const source = moduleOf(`export const score = () => 0;\n${SUMMARIZE}`);
    await expect(openMetric(source, undefined)).rejects.toMatchObject({ code: 'metric-not-allowed' });
    const hash = await metricHash(source);
    writeFileSync(source.kind === 'module' ? source.path : '', `export const score = () => 1;\n${SUMMARIZE}`);
    await expect(openMetric(source, hash)).rejects.toMatchObject({ code: 'metric-not-allowed' });
  });

  it('covers the files that a command names', async () => {
    const source = commandOf('pass');
    const before = await metricHash(source);
    if (source.kind === 'command') writeFileSync(source.command[1] ?? '', 'import os');
    expect(await metricHash(source)).not.toBe(before);
  });
});

it('npyBytes aligns the header and stores the shape', () => {
  const bytes = npyBytes({ dims: [3], data: Int32Array.of(1, -2, 3) });
  const header = bytes.subarray(10, 10 + bytes.readUInt16LE(8)).toString('latin1');
  expect((10 + header.length) % 64).toBe(0);
  expect(header).toMatch(/^\{'descr': '<i4', 'fortran_order': False, 'shape': \(3,\), \} *\n$/);
  expect(bytes.readInt32LE(10 + header.length + 4)).toBe(-2);
});

it('records and measures are checked', () => {
  expect(recordProblem({ a: [1, 'x', null, true] })).toBeNull();
  expect(recordProblem({ a: [Infinity] })).toBe('record.a[0] is Infinity');
  expect(recordProblem({ at: new Date(0) })).toBe('record.at is a Date, which JSON cannot hold');
  expect(measureOf({ name: 'n', value: null, direction: 'higher' })).toEqual({
    name: 'n',
    value: Number.NaN,
    higherIsBetter: true,
  });
  expect(measureOf({ name: 'n', value: 1 })).toBe('neither higherIsBetter nor a direction');
  expect(measureOf({ name: '', value: 1, higherIsBetter: true })).toBe('the name ""');
});
