import { describe, expect, it } from 'vitest';
import {
  choice,
  createParser,
  flag,
  text,
  valuesOf,
  wholeNumber,
  type OptionSpec,
} from '../../../src-main/cli/options';

const OPTIONS = {
  limit: wholeNumber('N', 'a limit', { min: 1, max: 9 }),
  kind: choice('K', ['cause', 'release'], 'a kind'),
  mean: text('A,B,C', 'a mean'),
  output: text('OUT', 'a file', { short: 'o' }),
  fresh: flag('start anew'),
  'no-graph': flag('without a graph'),
  gate: {
    value: 'NAME=VALUE',
    description: 'a gate, repeatable',
    parse: (given, _, previous) => [...(previous ?? []), given],
  } satisfies OptionSpec<readonly string[]>,
  old: flag('another name of fresh', { isHidden: true }),
};

function parse(...argv: readonly string[]) {
  const parser = createParser({
    name: 'test',
    summary: 'test the parser',
    positionals: ['PROJECT', '[OTHER]'],
    options: OPTIONS,
  });
  parser.parse(argv, { from: 'user' });
  return { values: valuesOf(parser, OPTIONS), positionals: parser.args, help: parser.helpInformation() };
}

describe('the options of a command', () => {
  it('have typed values; those that were not given are absent', () => {
    expect(parse('p').values).toEqual({});
    const argv = ['--limit', '3', 'p', '--mean', '-1,0', '-o', 'x', '--gate=a=1', '--gate', 'b=2', '--no-graph', 'q'];
    expect(parse(...argv)).toMatchObject({
      values: { limit: 3, mean: '-1,0', output: 'x', gate: ['a=1', 'b=2'], 'no-graph': true },
      positionals: ['p', 'q'],
    });
  });

  it.each([
    [['p', '--limt', '3'], 'There is no option --limt; the nearest is --limit'],
    [['p', '--colour'], 'There is no option --colour'],
    [['p', '--limit', '10'], 'Expected --limit to be a whole number from 1 to 9, found "10"'],
    [['p', '--kind', 'visible'], 'Expected --kind to be one of cause, release, found "visible"'],
    [['p', '--mean', '--fresh'], 'Expected a value after --mean, found the option --fresh'],
    [['p', '--mean'], 'Expected a value after --mean A,B,C'],
    [[], 'Expected PROJECT [OTHER]'],
    [['p', 'q', 'r'], 'Unexpected argument "r"; expected PROJECT [OTHER]'],
  ] as const)('that are wrong are a usage error: %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(expect.objectContaining({ code: 'usage', message }) as Error);
  });

  it('are listed in the help, but for those that are another name', () => {
    const { help } = parse('p');
    expect(help).toContain('Usage: test PROJECT [OTHER] [options]');
    expect(help).toMatch(/^ {2}-o, --output OUT {2,}a file$/m);
    expect(help).not.toContain('--old');
  });
});
