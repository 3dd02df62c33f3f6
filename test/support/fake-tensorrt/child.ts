import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  BuildProgress,
  BuildRequest,
  BuiltEngine,
  CancelToken,
  Engine,
  LogMessage,
  TensorrtAddon,
  TensorrtLibrary,
} from '../../../native/tensorrt';
import { FAKES, tensorrtAddonPath } from './libraries';

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly log: readonly LogMessage[];
}

/** What a piece of a test finds in the child process. */
export interface Kit<Input> {
  readonly addon: TensorrtAddon;
  readonly input: Input;
  readonly fakes: typeof FAKES;
  readonly library: () => TensorrtLibrary;
  /** Builds from a script (see script.h): strong typing, device 0, unless overridden. */
  readonly build: (
    script: readonly string[],
    overrides?: Partial<BuildRequest>,
    options?: { readonly onProgress?: (progress: BuildProgress) => void; readonly token?: CancelToken },
  ) => Promise<BuiltEngine>;
  /** Builds and loads. */
  readonly engine: (script: readonly string[], overrides?: Partial<BuildRequest>) => Promise<Engine>;
  /** What the builder was told, as the fake inspector gives it back. */
  readonly told: (script: readonly string[], overrides?: Partial<BuildRequest>) => Promise<unknown>;
  /** The error that `action` throws or rejects with; code `none` when it does not. */
  readonly failure: (action: () => unknown) => Promise<Failure>;
}

export interface ChildOptions<Input> {
  readonly major?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Input;
}

interface Report {
  readonly misuse: string;
  readonly alive: Readonly<Record<string, number>>;
}

/**
 * Runs `body` in a process of its own, where the fake driver is found, and returns what it returns (as JSON). `body` is
 * carried as source text: it may use its parameter and Node's globals, nothing else. Throws when the process dies, when
 * CUDA was used without a context, or when something of CUDA's was not given back.
 */
export async function inChild<Result, Input = undefined>(
  body: (kit: Kit<Input>) => Promise<Result> | Result,
  options: ChildOptions<Input> = {},
): Promise<Result> {
  const dir = mkdtempSync(join(tmpdir(), 'calib-tensorrt-'));
  try {
    const report = join(dir, 'report.json');
    const task = JSON.stringify({
      addonPath: tensorrtAddonPath(options.major ?? 10),
      fakes: FAKES,
      code: body.toString(),
      input: options.input,
    });
    const env = { ...process.env, LD_LIBRARY_PATH: FAKES.driver, FAKE_CUDA_REPORT: report, ...options.env };
    const result = await collect(task, env);
    checkReport(report);
    return result as Result;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The fake driver writes no report where it was not opened. */
function checkReport(file: string): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return;
  }
  const report = JSON.parse(text) as Report;
  if (report.misuse !== '' || Object.keys(report.alive).length > 0) throw new Error(`The fake driver reports ${text}`);
}

function collect(task: string, env: NodeJS.ProcessEnv): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'child-main.mjs')], {
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status === 0 && stdout !== '') resolve((JSON.parse(stdout) as { readonly result?: unknown }).result);
      else reject(new Error(`The child process ended with ${signal ?? status ?? 'nothing'}: ${stderr}`));
    });
    child.stdin.end(task);
  });
}
