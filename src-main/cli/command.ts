import type { ErrorCode } from '../../src-shared/base/errors';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import type { JobResults } from '../../src-shared/contract/job-results';
import type { AnalysisSpec, JobKind, JobSpec } from '../../src-shared/contract/job-specs';
import type { ExpectedRole } from '../app/create-compute';
import type { OptionSpecs, OptionValues, ParserSpec } from './options';
import type { Block } from './output';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_GATE = 3;
export const EXIT_ENVIRONMENT = 4;
export const EXIT_CANCELLED = 130;
/** 128 + SIGTERM. */
export const EXIT_STOPPED = 143;

export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'usage':
      return EXIT_USAGE;
    case 'backend-unavailable':
    case 'toolchain-differs':
      return EXIT_ENVIRONMENT;
    case 'cancelled':
      return EXIT_CANCELLED;
    case 'stopped':
      return EXIT_STOPPED;
    default:
      return EXIT_FAILED;
  }
}

/** The parts of its environment that a command may use. */
export interface CommandContext {
  readonly api: WorkbenchApi;
  /** True when the result is printed as one JSON document. */
  readonly isJson: boolean;
  /** Writes one line for users to stderr: progress, warnings, hints. */
  readonly note: (line: string) => void;
  /** Writes the result to stdout: as one JSON document with --json, otherwise as lines and tables. */
  readonly print: <T>(result: T, asText: (result: T) => readonly Block[]) => void;
  /** Runs a job and shows its progress on stderr; Ctrl-C cancels it. */
  readonly runJob: <S extends JobSpec>(spec: S) => Promise<JobResults[S['kind'] & JobKind]>;
  /** Like runJob, but first announces how long the analysis will take. */
  readonly runAnalysis: <S extends AnalysisSpec>(spec: S) => Promise<JobResults[S['kind'] & JobKind]>;
}

/** A command of the command line: how its arguments are parsed, and what it does. */
export interface Command<O extends OptionSpecs = OptionSpecs> extends ParserSpec<O> {
  /** The role of most threads that it needs, so that they can start at once. */
  readonly threads?: ExpectedRole;
  /** @returns the exit code */
  readonly run: (values: OptionValues<O>, positionals: readonly string[], context: CommandContext) => Promise<number>;
}

/** Defines a command; its option values are typed by its options. Every command also has --json and --help. */
export function defineCommand<const O extends OptionSpecs>(command: Command<O>): Command {
  return command;
}

/** Only the properties that are defined, so that absent options stay absent. */
export function present<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
