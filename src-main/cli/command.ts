import { parseArgs, type ParseArgsConfig } from 'node:util';
import { WorkbenchError, type ErrorCode } from '../../src-shared/base/errors';
import { nearest } from './nearest';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import type { JobResults } from '../../src-shared/contract/job-results';
import type { JobKind, JobSpec } from '../../src-shared/contract/job-specs';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_GATE = 3;
export const EXIT_ENVIRONMENT = 4;
export const EXIT_CANCELLED = 130;

export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'usage':
      return EXIT_USAGE;
    case 'backend-unavailable':
      return EXIT_ENVIRONMENT;
    case 'cancelled':
      return EXIT_CANCELLED;
    default:
      return EXIT_FAILED;
  }
}

/** What a command may use of its surroundings. */
export interface CommandContext {
  readonly api: WorkbenchApi;
  /** For people: progress, warnings, hints. */
  readonly note: (text: string) => void;
  /** For stdout: the result, as one JSON document with --json. */
  readonly print: (text: string) => void;
  /** Runs a job with progress on stderr; Ctrl-C cancels it. */
  readonly runJob: <S extends JobSpec>(spec: S) => Promise<JobResults[S['kind'] & JobKind]>;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Shown by `calib NAME --help` and after a usage error. */
  readonly usage: string;
  /** @returns the exit code. */
  run(argv: readonly string[], context: CommandContext): Promise<number>;
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O & typeof COMMON; allowPositionals: true; strict: true }>
>;

const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const satisfies Options;

/** Parses flags and positionals; every command also knows --json. @throws WorkbenchError usage */
export function parseFlags<const O extends Options>(
  argv: readonly string[],
  options: O,
  positionals: { readonly min: number; readonly max: number; readonly names: string },
): Parsed<O> {
  let parsed: Parsed<O>;
  try {
    parsed = parseArgs({
      args: joinNegativeValues(argv),
      options: { ...options, ...COMMON },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw usageError(error, Object.keys({ ...options, ...COMMON }));
  }
  const found = parsed.positionals.length;
  if (found < positionals.min || found > positionals.max) {
    throw new WorkbenchError(
      'usage',
      found < positionals.min
        ? `Expected ${positionals.names}`
        : `Unexpected argument "${parsed.positionals[positionals.max] ?? ''}"; expected ${positionals.names}`,
    );
  }
  return parsed;
}

/** Node's own words, but for an option that is not known: those name the nearest one. */
function usageError(error: unknown, options: readonly string[]): WorkbenchError {
  const message = error instanceof Error ? error.message : String(error);
  const unknown = /^Unknown option '--?([^']*)'/.exec(message)?.[1];
  if (unknown === undefined) return new WorkbenchError('usage', message);
  const near = nearest(unknown, options);
  return new WorkbenchError(
    'usage',
    `There is no option --${unknown}${near === null ? '' : `; the nearest is --${near}`}`,
  );
}

/** `--mean -1,0` is a value and not a flag: parseArgs wants it as `--mean=-1,0`. */
function joinNegativeValues(argv: readonly string[]): string[] {
  const joined: string[] = [];
  for (const argument of argv) {
    const previous = joined.at(-1);
    if (/^-[\d.]/.test(argument) && previous !== undefined && /^--[a-z-]+$/.test(previous))
      joined[joined.length - 1] = `${previous}=${argument}`;
    else joined.push(argument);
  }
  return joined;
}

/** A whole number within bounds, or undefined when the flag is absent. @throws WorkbenchError usage */
export function wholeNumber(
  flag: string,
  text: string | undefined,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new WorkbenchError(
      'usage',
      `Expected ${flag} to be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}, found "${text}"`,
    );
  }
  return value;
}

/** One of a fixed list, or undefined when the flag is absent. @throws WorkbenchError usage */
export function oneOf<T extends string>(flag: string, text: string | undefined, allowed: readonly T[]): T | undefined {
  if (text === undefined) return undefined;
  const found = allowed.find((value) => value === text);
  if (found === undefined)
    throw new WorkbenchError('usage', `Expected ${flag} to be one of ${allowed.join(', ')}, found "${text}"`);
  return found;
}

/** A JSON document for stdout. Typed arrays become lists; numbers that JSON does not know become null. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, item: unknown) =>
      ArrayBuffer.isView(item) && !(item instanceof DataView) ? Array.from(item as Float64Array) : item,
    1,
  );
}

/** Only the properties that are defined, so that absent flags stay absent. */
export function present<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
