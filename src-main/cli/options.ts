import { Command as Parser, Option, type CommanderError } from 'commander';
import { WorkbenchError } from '../../src-shared/base/errors';

/** Number of columns of the help if the output is not a terminal, and the maximum on a terminal. */
const HELP_COLUMNS = 120;

/** One option of a command, without its name. */
export interface OptionSpec<T> {
  /** Placeholder of the value in the help; null for a switch without a value. */
  readonly value: string | null;
  readonly description: string;
  /** Short name of one letter. */
  readonly short?: string;
  /** Heading in the help; default "Options:". */
  readonly group?: string;
  readonly isHidden?: boolean;
  /**
   * Converts the text after the option to its value; `previous` is the value of an earlier occurrence.
   * @throws WorkbenchError usage
   */
  readonly parse: (text: string, flag: string, previous: T | undefined) => T;
}

/** Options by their long names without the leading dashes. */
// OptionValues restores the type of each option.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type OptionSpecs = Readonly<Record<string, OptionSpec<any>>>;

/** The values of the options that were given; the others are absent. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]?: O[K] extends OptionSpec<infer T> ? T : never;
};

type Details = Pick<OptionSpec<unknown>, 'short' | 'group' | 'isHidden'>;

/** An option without a value. */
export function flag(description: string, details: Details = {}): OptionSpec<boolean> {
  return { value: null, description, ...details, parse: () => true };
}

/** An option with any text as its value. */
export function text(value: string, description: string, details: Details = {}): OptionSpec<string> {
  return { value, description, ...details, parse: (given) => given };
}

/** An option with one of a fixed list of values. */
export function choice<const T extends string>(
  value: string,
  values: readonly T[],
  description: string,
  details: Details = {},
): OptionSpec<T> {
  const parse = (given: string, name: string): T => {
    const found = values.find((candidate) => candidate === given);
    if (found === undefined)
      throw new WorkbenchError('usage', `Expected ${name} to be one of ${values.join(', ')}, found "${given}"`);
    return found;
  };
  return { value, description, ...details, parse };
}

/** An option with a whole number from `min` to `max`. */
export function wholeNumber(
  value: string,
  description: string,
  { min, max = Number.MAX_SAFE_INTEGER, ...details }: Details & { readonly min: number; readonly max?: number },
): OptionSpec<number> {
  return { value, description, ...details, parse: (given, name) => parseWholeNumber(name, given, min, max) };
}

/** An option with several whole numbers, separated by commas. */
export function wholeNumbers(
  value: string,
  description: string,
  { min, max, ...details }: Details & { readonly min: number; readonly max: number },
): OptionSpec<readonly number[]> {
  const parse = (given: string, name: string): readonly number[] =>
    given.split(',').map((part) => parseWholeNumber(name, part.trim(), min, max));
  return { value, description, ...details, parse };
}

/** @throws WorkbenchError usage */
export function parseWholeNumber(name: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < min || value > max) {
    const bounds = `from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`;
    throw new WorkbenchError('usage', `Expected ${name} to be a whole number ${bounds}, found "${given}"`);
  }
  return value;
}

/**
 * An option with a real number; `expected` describes the numbers that `isAllowed` accepts, for example "a number above
 * 0".
 */
export function realNumber(
  value: string,
  description: string,
  expected = 'a number',
  isAllowed: (number: number) => boolean = () => true,
): OptionSpec<number> {
  return { value, description, parse: (given, name) => parseRealNumber(name, given, expected, isAllowed) };
}

/** @throws WorkbenchError usage */
export function parseRealNumber(
  name: string,
  given: string,
  expected = 'a number',
  isAllowed: (number: number) => boolean = () => true,
): number {
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || !isAllowed(value))
    throw new WorkbenchError('usage', `Expected ${name} to be ${expected}, found "${given}"`);
  return value;
}

/** What a parser of one command needs to know. */
export interface ParserSpec<O extends OptionSpecs> {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments: `PROJECT`, `[PROJECT]` when optional, `SHARD.bin...` for one or more. */
  readonly positionals: readonly string[];
  readonly options: O;
  /** The text after the positional arguments in the usage line; by default `[options]`. */
  readonly usage?: string;
  /** Paragraphs below the list of options. */
  readonly details?: string;
}

/** A commander parser whose errors are WorkbenchErrors of code `usage`. */
export function createParser<O extends OptionSpecs>(spec: ParserSpec<O>): Parser {
  const positionals = spec.positionals.map((positional) => positional.replace(/^(?!\[)(.*)$/, '<$1>'));
  const parser = new Parser(spec.name)
    .usage([...spec.positionals, spec.usage ?? '[options]'].join(' '))
    .summary(spec.summary)
    .description(`${(spec.summary[0] ?? '').toUpperCase()}${spec.summary.slice(1)}.`)
    .helpOption('-h, --help', 'show this help');
  configure(parser, spec.positionals.join(' ') || 'no argument');
  for (const positional of positionals) parser.argument(positional);
  for (const [name, option] of Object.entries(spec.options)) parser.addOption(commanderOption(name, option));
  if (spec.details !== undefined) parser.addHelpText('after', `\n${spec.details}`);
  return parser;
}

/**
 * Sets the properties that all parsers share: style and width of the help, and errors that are thrown instead of
 * printed. `expected` describes the positional arguments for error messages.
 */
export function configure(parser: Parser, expected: string): void {
  parser
    .configureHelp({
      minWidthToWrap: 40,
      argumentTerm: () => '',
      visibleArguments: () => [],
      optionTerm: ({ flags }) => flags.replaceAll(/[<>]/g, ''),
      subcommandTerm: (command) => command.name(),
    })
    .configureOutput({
      getOutHelpWidth: () => Math.min(process.stdout.columns || HELP_COLUMNS, HELP_COLUMNS),
      getErrHelpWidth: () => HELP_COLUMNS,
      outputError: () => undefined,
    })
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : new WorkbenchError('usage', usageMessage(error, parser, expected));
    });
}

function commanderOption<T>(name: string, spec: OptionSpec<T>): Option {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  const value = spec.value === null ? '' : ` <${spec.value}>`;
  const option = new Option(`${short}--${name}${value}`, spec.description).hideHelp(spec.isHidden ?? false);
  if (spec.group !== undefined) option.helpGroup(spec.group);
  if (spec.value === null) return option;
  return option.argParser<T>((given, previous) => {
    if (/^--[a-z]/.test(given))
      throw new WorkbenchError('usage', `Expected a value after --${name}, found the option ${given}`);
    return spec.parse(given, `--${name}`, previous);
  });
}

/** The values of the options that a parser found in the arguments. */
export function valuesOf<O extends OptionSpecs>(parser: Parser, specs: O): OptionValues<O> {
  const given = parser.options.flatMap((option): readonly (readonly [string, unknown])[] => {
    const attribute = option.attributeName();
    if (parser.getOptionValueSource(attribute) !== 'cli') return [];
    // `--no-x` is stored by commander as x = false.
    return [[(option.long ?? '').slice(2), option.negate ? true : parser.getOptionValue(attribute)]];
  });
  return Object.fromEntries(given.filter(([name]) => Object.hasOwn(specs, name))) as OptionValues<O>;
}

/** Commander's message in the words of this command line, with its suggestion for a mistyped name. */
function usageMessage(error: CommanderError, parser: Parser, expected: string): string {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const near = /Did you mean (?:one of )?(.*)\?\)/.exec(error.message)?.[1];
  const nearest = (quote: string): string => {
    if (near === undefined) return '';
    const names = near.split(', ').map((name) => `${quote}${name}${quote}`);
    return `; the nearest ${names.length === 1 ? 'is' : 'are'} ${names.join(' and ')}`;
  };
  switch (error.code) {
    case 'commander.unknownOption':
      return `There is no option ${quoted.replace(/=.*$/s, '')}${nearest('')}`;
    case 'commander.unknownCommand':
      return `there is no command "${quoted}"${nearest('"')}`;
    case 'commander.missingArgument':
      return `Expected ${expected}`;
    case 'commander.excessArguments':
      return `Unexpected argument "${parser.args[parser.registeredArguments.length] ?? ''}"; expected ${expected}`;
    case 'commander.optionMissingArgument':
      return `Expected a value after ${quoted.replaceAll(/[<>]/g, '')}`;
    default:
      return error.message.replace(/^error: /, '');
  }
}
