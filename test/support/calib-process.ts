import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { REPO_ROOT } from './shared';

export interface CalibOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCalib {
  readonly child: ChildProcess;
  readonly outcome: Promise<CalibOutcome>;
  /** Resolves when stderr has matched the pattern. */
  readonly stderrMatches: (pattern: RegExp) => Promise<void>;
  /** What a pattern finds on stdout, as soon as it is there. */
  readonly stdoutMatch: (pattern: RegExp) => Promise<string>;
}

/** Starts the built command line as a user would. */
export function startCalib(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): RunningCalib {
  const child = spawn(process.execPath, [join(REPO_ROOT, 'out/main/calib.js'), ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers: (() => void)[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const watcher of watchers) watcher();
  });
  const outcome = new Promise<CalibOutcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const match = (read: () => string, pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = pattern.exec(read());
        if (found) resolve(found[0]);
      };
      watchers.push(check);
      check();
      void outcome.then(() =>
        reject(new Error(`calib ended before its output matched ${pattern.source}: ${stdout}${stderr}`)),
      );
    });
  const stderrMatches = async (pattern: RegExp): Promise<void> => {
    await match(() => stderr, pattern);
  };
  const stdoutMatch = (pattern: RegExp): Promise<string> => match(() => stdout, pattern);
  return { child, outcome, stderrMatches, stdoutMatch };
}

export function calib(...args: readonly string[]): Promise<CalibOutcome> {
  return startCalib(args).outcome;
}

/** Runs a command that must succeed, with --json, and returns its document. */
export async function calibJson<T = Record<string, unknown>>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await calib(...args, '--json');
  if (code !== 0) throw new Error(`calib ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
