import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { MetricSource, Task } from '../../src-shared/domain/tasks/task';
import { allowMetric } from '../app/projects/metric-consent';
import { userDataDir } from '../base/user-folders';
import { realNumber, text } from './options';

/** Options of the task custom; docs/custom-metric.md describes what they name. */
export const METRIC_OPTIONS = {
  metric: text('FILE.mjs', 'your own metric: an ES module with the functions score and summarize (task custom)'),
  'metric-command': text('COMMAND', 'your own metric: a command that answers JSON lines, such as "python3 score.py"'),
  'metric-timeout': realNumber('S', 'largest time for one answer of the metric in seconds (default: 30)'),
} as const;

interface MetricValues {
  readonly metric?: string | undefined;
  readonly 'metric-command'?: string | undefined;
  readonly 'metric-timeout'?: number | undefined;
  readonly task?: string | undefined;
}

/** The task that the options describe; undefined without --metric and --metric-command. @throws WorkbenchError usage */
export function metricTask(values: MetricValues): Task | undefined {
  const { metric, 'metric-command': command, 'metric-timeout': timeoutSeconds, task } = values;
  if (metric === undefined && command === undefined) {
    if (task === 'custom')
      throw new WorkbenchError('usage', 'Expected --metric FILE.mjs or --metric-command COMMAND beside --task custom');
    if (timeoutSeconds !== undefined)
      throw new WorkbenchError('usage', 'Expected --metric or --metric-command beside --metric-timeout');
    return undefined;
  }
  if (metric !== undefined && command !== undefined)
    throw new WorkbenchError('usage', 'Expected one metric, found --metric and --metric-command');
  if (task !== undefined && task !== 'custom')
    throw new WorkbenchError('usage', `Expected --task custom beside a metric, found "${task}"`);
  if (timeoutSeconds !== undefined && !(timeoutSeconds > 0))
    throw new WorkbenchError('usage', `Expected --metric-timeout above 0, found ${timeoutSeconds}`);
  const timeout = timeoutSeconds === undefined ? {} : { timeoutSeconds };
  if (metric !== undefined)
    return { kind: 'custom', metric: { kind: 'module', path: existingFile(metric), ...timeout } };
  return { kind: 'custom', metric: { kind: 'command', command: commandWords(command ?? ''), ...timeout } };
}

/** Allows the metric on this machine: who names it in a command has chosen it. @returns its hash */
export function allowNamedMetric(metric: MetricSource): Promise<string> {
  return allowMetric(metric, userDataDir());
}

function existingFile(given: string): string {
  const path = resolve(given);
  if (!isFile(path)) throw new WorkbenchError('not-found', `The metric ${path} does not exist`);
  return path;
}

/**
 * The words of a command, split as a shell does it: single and double quotes keep spaces, a backslash keeps the next
 * character. Words that name existing files become absolute paths, because the command runs in a folder of its own; the
 * program only if it is named with a folder.
 * @throws WorkbenchError usage
 */
export function commandWords(given: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < given.length; i += 1) {
    const character = given[i] ?? '';
    if (quote === null && /\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (quote === null && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (character === quote) quote = null;
    else if (character === '\\' && quote !== "'" && i + 1 < given.length) word = (word ?? '') + (given[++i] ?? '');
    else word = (word ?? '') + character;
  }
  if (quote !== null) throw new WorkbenchError('usage', `Expected a closing ${quote} in --metric-command ${given}`);
  if (word !== null) words.push(word);
  if (words.length === 0) throw new WorkbenchError('usage', 'Expected a command after --metric-command');
  return words.map((own, i) => (isFile(resolve(own)) && (i > 0 || own.includes('/')) ? resolve(own) : own));
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
