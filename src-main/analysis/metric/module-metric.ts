import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { WorkbenchError } from '../../../src-shared/base/errors';
import type { MetricSource } from '../../../src-shared/domain/tasks/task';
import { readError } from '../../base/file-errors';
import { packageRoot } from '../../base/package-info';
import { DEFAULT_TIMEOUT_SECONDS, EXPECTED_MEASURE, measureOf, metricFailed } from './metric-values';
import type { MetricRequest, MetricResponse, MetricSetup } from './metric-worker';
import type { IsStopped, UserMetric } from './user-metric';
import { watchedRequest, type WaitingRequest } from './watched-request';

type ModuleSource = Extract<MetricSource, { readonly kind: 'module' }>;

/** Memory of the JavaScript heap that a metric may use. */
const HEAP_MB = 2048;
/** Least time for starting the thread and loading the module. */
const LOAD_SECONDS = 10;

/**
 * Starts a metric of an ES module in a thread of its own, which is ended if an answer takes too long.
 * @throws WorkbenchError not-found, metric-failed, cancelled
 */
export async function openModuleMetric(source: ModuleSource, isStopped: IsStopped): Promise<UserMetric> {
  const content = await readFile(source.path, 'utf8').catch((error: unknown) => {
    throw readError(error, source.path, 'Metric');
  });
  const thread = new MetricThread(source, content, isStopped);
  try {
    await thread.ask({ method: 'open' }, 'while it is loaded');
  } catch (error) {
    await thread.close();
    throw error;
  }
  return {
    score: async ({ outputs, label, image }) =>
      thread.ask({ method: 'score', outputs: Object.fromEntries(outputs), label, image }, `for ${image.file}`),
    summarize: async (records) => {
      const found = measureOf(
        await thread.ask({ method: 'summarize', records }, `while it sums up ${records.length} records`),
      );
      if (typeof found !== 'string') return found;
      throw metricFailed(`Expected summarize of ${source.path} to return ${EXPECTED_MEASURE}, found ${found}`);
    },
    close: () => thread.close(),
  };
}

/** The thread of one metric; it answers one request after the other. */
class MetricThread {
  private readonly worker: Worker;
  private readonly path: string;
  private readonly timeoutSeconds: number;
  private waiting: WaitingRequest<unknown> | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private nextId = 1;
  private failure: WorkbenchError | null = null;

  constructor(
    source: ModuleSource,
    content: string,
    private readonly isStopped: IsStopped,
  ) {
    this.path = source.path;
    this.timeoutSeconds = source.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
    this.worker = new Worker(join(packageRoot(), 'out/main/metric-worker.js'), {
      workerData: { path: source.path, content } satisfies MetricSetup,
      // vm modules let the worker decide what the metric may import.
      execArgv: ['--experimental-vm-modules', '--no-warnings'],
      env: {},
      stdin: false,
      // The output of the command line belongs to its commands.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.worker.stdout.resume();
    this.worker.stderr.resume();
    this.worker.unref();
    this.worker.on('message', (response: MetricResponse) => this.receive(response));
    this.worker.on('error', (error: Error & { readonly code?: string }) =>
      this.fail(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `it used more than ${HEAP_MB} MB of memory` : `it failed: ${error}`,
      ),
    );
    this.worker.on('exit', (code) => this.fail(`its thread ended with exit code ${code}`));
  }

  /** @param what which request it is, for errors: `for a.png` */
  ask(request: MetricRequest, what: string): Promise<unknown> {
    const answer = this.queue.then(() => this.askNow(request, what));
    this.queue = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    this.failure ??= metricFailed(`The metric ${this.path} was ended`);
    await this.worker.terminate();
  }

  private askNow(request: MetricRequest, what: string): Promise<unknown> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const id = this.nextId++;
    const seconds = request.method === 'open' ? Math.max(LOAD_SECONDS, this.timeoutSeconds) : this.timeoutSeconds;
    const answer = watchedRequest<unknown>({
      id,
      what,
      timeoutSeconds: seconds,
      isStopped: this.isStopped,
      setWaiting: (waiting) => (this.waiting = waiting),
      end: (error) => this.end(error),
      lateError: () =>
        metricFailed(
          `The metric ${this.path} gave no answer within ${seconds} s ${what}; it was ended`,
          'Make it faster, or raise timeoutSeconds of the metric in the project.',
        ),
    });
    this.worker.postMessage({ ...request, id });
    return answer;
  }

  private receive(response: MetricResponse): void {
    const { waiting } = this;
    if (waiting === null || response.id !== waiting.id) return;
    if (response.ok) return waiting.resolve(response.value);
    void this.placed(response).then((text) => {
      waiting.reject(metricFailed(`The metric ${this.path} failed ${waiting.what}: ${text}`));
    });
  }

  /** The message of an error with its place in the metric. */
  private async placed({ message, stack, isSyntax }: Extract<MetricResponse, { readonly ok: false }>): Promise<string> {
    const place = isSyntax ? await syntaxErrorLine(this.path) : placeIn(stack, this.path);
    return place === null ? message : `${message} (${basename(this.path)}:${place})`;
  }

  private fail(why: string): void {
    this.end(metricFailed(`The metric ${this.path} did not answer ${this.waiting?.what ?? ''}: ${why}`));
  }

  /** Ends the thread, even in an endless loop. */
  private end(error: WorkbenchError): void {
    this.failure ??= error;
    this.waiting?.reject(error);
    void this.worker.terminate();
  }
}

/** `12:5`, the first line of a stack that lies in the file; null if none does. */
function placeIn(stack: string, path: string): string | null {
  const at = stack.indexOf(`${path}:`);
  if (at < 0) return null;
  return /^\d+(?::\d+)?/.exec(stack.slice(at + path.length + 1))?.[0] ?? null;
}

/** Engines report the line of a syntax error in a module only when a process loads it; null if it cannot be found. */
async function syntaxErrorLine(path: string): Promise<string | null> {
  try {
    await promisify(execFile)(process.execPath, ['--check', path], {
      env: { ELECTRON_RUN_AS_NODE: '1' },
      timeout: 10_000,
    });
    return null;
  } catch (error) {
    return placeIn(String((error as { readonly stderr?: unknown }).stderr), path);
  }
}
