/**
 * The thread of a user's metric: loads one ES module and calls its functions. The module is one file and may import
 * those modules of Node.js that cannot reach the network or start processes; the other ways to the network are
 * removed. This prevents accidents; code that wants to escape can, because it runs in the same process.
 */
import { isBuiltin } from 'node:module';
import vm from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { ownValue } from '../../../src-shared/base/records';
import type { MetricImage, MetricLabel, MetricOutput } from './user-metric';
import { recordProblem } from './metric-values';

export interface MetricSetup {
  readonly path: string;
  readonly content: string;
}

export type MetricRequest =
  | { readonly method: 'open' }
  | {
      readonly method: 'score';
      readonly outputs: Readonly<Record<string, MetricOutput>>;
      readonly label: MetricLabel;
      readonly image: MetricImage;
    }
  | { readonly method: 'summarize'; readonly records: readonly unknown[] };

export type MetricResponse =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly message: string;
      readonly stack: string;
      readonly isSyntax: boolean;
    };

const ALLOWED_MODULES: ReadonlySet<string> = new Set([
  'assert',
  'assert/strict',
  'buffer',
  'events',
  'fs',
  'fs/promises',
  'os',
  'path',
  'path/posix',
  'path/win32',
  'perf_hooks',
  'querystring',
  'stream',
  'stream/promises',
  'string_decoder',
  'timers',
  'timers/promises',
  'url',
  'util',
  'zlib',
]);

const port = parentPort;
if (port === null) throw new Error('This file runs as a worker thread');
const { path, content } = workerData as MetricSetup;

interface Metric {
  readonly score: (outputs: unknown, label: unknown, image: unknown) => unknown;
  readonly summarize: (records: readonly unknown[]) => unknown;
}
let metric: Metric | null = null;

const loadBuiltin = process.getBuiltinModule.bind(process);

/** Replaces what reaches the network or the process by functions that say so. */
function restrict(): void {
  // Functions that `new` can call.
  const refuse = (name: string) =>
    function refused() {
      throw new Error(`${name} is not available to a metric`);
    };
  for (const name of ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'Worker', 'BroadcastChannel'])
    Object.defineProperty(globalThis, name, { value: refuse(name), configurable: true, writable: true });
  for (const name of ['binding', '_linkedBinding', 'dlopen', 'getBuiltinModule', 'kill', 'exit', 'reallyExit', 'abort'])
    Object.defineProperty(process, name, { value: refuse(`process.${name}`), configurable: true, writable: true });
}

async function importBuiltin(specifier: string): Promise<vm.Module> {
  const name = specifier.replace(/^node:/, '');
  if (!isBuiltin(specifier))
    throw new Error(
      `The metric imports "${specifier}"; a metric is one file, which may import modules of Node.js only, because ` +
        'the hash of this file is what is recorded and allowed',
    );
  if (!ALLOWED_MODULES.has(name))
    throw new Error(`The metric imports "${specifier}", which is not available to a metric`);
  const exported = loadBuiltin(name) as unknown as Readonly<Record<string, unknown>>;
  const names = Object.keys(exported).filter((own) => own !== 'default');
  const builtin = new vm.SyntheticModule(['default', ...names], () => {
    builtin.setExport('default', exported);
    for (const own of names) builtin.setExport(own, ownValue(exported, own));
  });
  await builtin.link(() => {
    throw new Error('A module of Node.js imports nothing');
  });
  await builtin.evaluate();
  return builtin;
}

async function open(): Promise<void> {
  const module = new vm.SourceTextModule(content, {
    identifier: path,
    importModuleDynamically: importBuiltin,
  });
  await module.link(importBuiltin);
  await module.evaluate();
  const { score, summarize } = module.namespace as Readonly<Record<string, unknown>>;
  if (typeof score !== 'function' || typeof summarize !== 'function') {
    const missing = typeof score === 'function' ? 'summarize' : 'score';
    throw new Error(
      `it exports no function "${missing}"; a metric exports score(outputs, label, image) and summarize(records)`,
    );
  }
  metric = { score, summarize } as unknown as Metric;
}

async function answer(request: MetricRequest): Promise<unknown> {
  if (request.method === 'open') return open();
  if (metric === null) throw new Error('The metric is not loaded');
  if (request.method === 'summarize') return metric.summarize(request.records);
  const record = await metric.score(request.outputs, request.label, request.image);
  const problem = recordProblem(record);
  if (problem !== null)
    throw new Error(`score returned a record that is no JSON value: ${problem.replace(/^record/, 'the record')}`);
  return record;
}

restrict();
port.on('message', (request: MetricRequest & { readonly id: number }) => {
  const { id } = request;
  void (async (): Promise<MetricResponse> => ({ id, ok: true, value: await answer(request) }))()
    .catch((error: unknown): MetricResponse => {
      const isError = error instanceof Error;
      return {
        id,
        ok: false,
        message: isError ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error),
        stack: isError ? (error.stack ?? '') : '',
        isSyntax: error instanceof SyntaxError && !(error.stack ?? '').includes(`${path}:`),
      };
    })
    .then((response) => {
      try {
        port.postMessage(response);
      } catch (error) {
        port.postMessage({
          id,
          ok: false,
          message: `its answer cannot be sent: ${String(error)}`,
          stack: '',
          isSyntax: false,
        });
      }
    });
});
