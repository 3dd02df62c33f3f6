import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from './shared';

/** Where `.ci/run` installs the Python packages of these tests. */
const TOOLS = join(REPO_ROOT, 'build/test-tools/bin');

/** A program in the folder above or on the PATH; null if there is none. */
export function findTool(name: string): string | null {
  const own = join(TOOLS, name);
  if (existsSync(own)) return own;
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** A Python that can import a package; null if there is none. */
export function pythonWith(packageName: string): string | null {
  const script = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${packageName}") is None)`;
  const candidates = [join(TOOLS, 'python'), 'python3'];
  return candidates.find((python) => spawnSync(python, ['-c', script]).status === 0) ?? null;
}

/** The title of a suite, and whether it is skipped: a title names what is missing. */
export function needs(title: string, tools: Readonly<Record<string, string | null>>): readonly [string, boolean] {
  const missing = Object.entries(tools).flatMap(([name, path]) => (path === null ? [name] : []));
  return missing.length === 0 ? [title, false] : [`${title} (skipped: ${missing.join(', ')} not found)`, true];
}

export interface ProgramOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly outcome: Promise<ProgramOutcome>;
}

/** Starts any program and collects what it prints. */
export function startProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProgram {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const outcome = new Promise<ProgramOutcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, outcome };
}

/** Runs a program that must succeed. @returns what it printed */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await startProgram(program, args, env).outcome;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}
