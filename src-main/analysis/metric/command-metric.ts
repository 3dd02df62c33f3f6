import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkbenchError } from '../../../src-shared/base/errors';
import type { MetricSource } from '../../../src-shared/domain/tasks/task';
import { sweep, unfinishedFolder } from '../../base/temporary-files';
import { DEFAULT_TIMEOUT_SECONDS, describe, EXPECTED_MEASURE, measureOf, metricFailed } from './metric-values';
import { npyBytes } from './npy-write';
import type { IsStopped, MetricInput, UserMetric } from './user-metric';
import { watchedRequest, type WaitingRequest } from './watched-request';

type CommandSource = Extract<MetricSource, { readonly kind: 'command' }>;

/** A line longer than this is no answer. */
const MAX_LINE_BYTES = 64e6;
/** What is kept of the messages of the command. */
const STDERR_CHARACTERS = 2000;
/** Time for ending by itself after its input was closed. */
const CLOSE_GRACE_MS = 1000;

/**
 * Starts a metric that is a command: one process that answers JSON lines (docs/custom-metric.md describes them) until
 * its input ends. Outputs of the model are written as .npy files into a temporary folder.
 * @throws WorkbenchError metric-failed, cancelled
 */
export async function openCommandMetric(source: CommandSource, isStopped: IsStopped): Promise<UserMetric> {
  await sweep(tmpdir());
  const dir = unfinishedFolder(join(tmpdir(), `calib-metric-${randomBytes(6).toString('hex')}`));
  await mkdir(dir);
  const metric = new CommandMetric(source, dir, isStopped);
  return {
    score: (input) => metric.inTurn(() => metric.score(input)),
    summarize: (records) => metric.inTurn(() => metric.summarize(records)),
    close: () => metric.close(),
  };
}

type Answer = Readonly<Record<string, unknown>>;

class CommandMetric {
  private readonly child: ChildProcess;
  private readonly name: string;
  private readonly timeoutSeconds: number;
  private waiting: WaitingRequest<Answer> | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private failure: WorkbenchError | null = null;
  private nextId = 1;
  private stdout: Buffer[] = [];
  private stdoutBytes = 0;
  private stderr = '';
  private readonly ended: Promise<void>;
  private hasEnded = false;
  private readonly killAtExit = (): void => this.kill();

  constructor(
    source: CommandSource,
    private readonly dir: string,
    private readonly isStopped: IsStopped,
  ) {
    const [program = '', ...args] = source.command;
    this.name = source.command.join(' ');
    this.timeoutSeconds = source.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
    const isPosix = process.platform !== 'win32';
    // The process group is its own, so that the processes that the command starts are ended with it. The working folder
    // is its own, so that a relative path never names a file whose content was not hashed.
    const child = spawn(program, args, {
      cwd: dir,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: isPosix,
      windowsHide: true,
    });
    this.child = child;
    child.stdout.on('data', (bytes: Buffer) => this.receive(bytes));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_CHARACTERS);
    });
    child.stdin.on('error', () => undefined); // The end of the process is reported by its exit.
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.hasEnded = true;
        this.fail(`it could not be started: ${error.message}`);
        resolve();
      });
      child.once('close', (code, signal) => {
        this.hasEnded = true;
        this.fail(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
        resolve();
      });
    });
    // Waiting for a request must not keep this process alive.
    child.unref();
    process.once('exit', this.killAtExit);
  }

  /** Requests are answered one after the other. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    const answer = this.queue.then(run);
    this.queue = answer.catch(() => undefined);
    return answer;
  }

  async score({ outputs, label, image }: MetricInput): Promise<unknown> {
    const files: Record<string, unknown> = {};
    let index = 0;
    for (const [name, output] of outputs) {
      const path = join(this.dir, `${index++}.npy`);
      await writeFile(path, npyBytes(output));
      Object.defineProperty(files, name, { value: { dims: output.dims, path }, enumerable: true });
    }
    const what = `for ${image.file}`;
    const answer = await this.ask({ type: 'score', outputs: files, label, image }, what);
    if (!Object.hasOwn(answer, 'record'))
      throw metricFailed(`Expected "${this.name}" to answer with a record ${what}, found ${describe(answer)}`);
    return answer['record'];
  }

  async summarize(records: readonly unknown[]) {
    const what = `while it sums up ${records.length} records`;
    const measure = measureOf(await this.ask({ type: 'summarize', records }, what));
    if (typeof measure !== 'string') return measure;
    throw metricFailed(`Expected "${this.name}" to answer with ${EXPECTED_MEASURE} ${what}, found ${measure}`);
  }

  async close(): Promise<void> {
    this.failure ??= metricFailed(`The metric "${this.name}" was ended`);
    this.child.stdin?.end();
    if (!this.hasEnded) await Promise.race([this.ended, delay(CLOSE_GRACE_MS)]);
    this.kill();
    process.removeListener('exit', this.killAtExit);
    await rm(this.dir, { recursive: true, force: true }).catch(() => undefined);
  }

  private ask(request: object, what: string): Promise<Answer> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const id = this.nextId++;
    const answer = watchedRequest<Answer>({
      id,
      what,
      timeoutSeconds: this.timeoutSeconds,
      isStopped: this.isStopped,
      setWaiting: (waiting) => (this.waiting = waiting),
      end: (error) => this.end(error),
      lateError: () =>
        metricFailed(
          `The metric "${this.name}" gave no answer within ${this.timeoutSeconds} s ${what}; it was ended` +
            this.messages(),
          'Make it faster, or raise timeoutSeconds of the metric in the project. A command must write each ' +
            'answer at once (in Python: print(..., flush=True)).',
        ),
    });
    this.child.stdin?.write(`${JSON.stringify({ ...request, id })}\n`);
    return answer;
  }

  private receive(bytes: Buffer): void {
    let rest = bytes;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.stdout.push(rest.subarray(0, end));
      const line = Buffer.concat(this.stdout).toString('utf8').trim();
      this.stdout = [];
      this.stdoutBytes = 0;
      rest = rest.subarray(end + 1);
      if (line !== '') this.receiveLine(line);
    }
    this.stdout.push(rest);
    this.stdoutBytes += rest.length;
    if (this.stdoutBytes > MAX_LINE_BYTES) this.fail(`it wrote a line of more than ${MAX_LINE_BYTES / 1e6} MB`);
  }

  private receiveLine(line: string): void {
    const { waiting } = this;
    const answer = parseAnswer(line);
    if (typeof answer === 'string' || waiting === null || answer['id'] !== waiting.id) {
      const expected = waiting === null ? 'no line before the next request' : `an answer with "id": ${waiting.id}`;
      const found = typeof answer === 'string' ? answer : describe(answer);
      this.fail(`expected ${expected} on its standard output, found ${found}`, PRINT_HINT);
      return;
    }
    if (Object.hasOwn(answer, 'error')) {
      const { error } = answer;
      const text = typeof error === 'string' ? error : describe(error);
      waiting.reject(metricFailed(`The metric "${this.name}" failed ${waiting.what}: ${text}`));
      return;
    }
    waiting.resolve(answer);
  }

  private fail(why: string, hint?: string): void {
    if (this.failure !== null) return;
    const what = this.waiting === null ? '' : ` ${this.waiting.what}`;
    this.end(metricFailed(`The metric "${this.name}" failed${what}: ${why}${this.messages()}`, hint));
  }

  /** The last lines that the command wrote on its standard error. */
  private messages(): string {
    const lines = this.stderr.trim().split('\n').slice(-5).join('\n');
    return lines === '' ? '' : `. Its last messages: ${lines}`;
  }

  private end(error: WorkbenchError): void {
    this.failure ??= error;
    this.waiting?.reject(error);
    this.kill();
  }

  /** Ends the command and the processes that it has started. */
  private kill(): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') this.child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

const PRINT_HINT = 'Standard output is for answers only; messages belong on standard error.';

/** An answer, or what was found instead. */
function parseAnswer(line: string): Readonly<Record<string, unknown>> | string {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    return describe(value);
  } catch {
    const start = line.length > 80 ? `${line.slice(0, 80)}...` : line;
    const isNumber = /(?<![\w"])(?:NaN|-?Infinity)(?![\w"])/.test(line);
    return `${start}, which is no JSON${isNumber ? ': JSON has no NaN and no Infinity' : ''}`;
  }
}
