import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandWords, metricTask } from '../../../src-main/cli/metric-option';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();

describe('commandWords', () => {
  it('splits words as a shell does', () => {
    expect(commandWords(`python3  -c "a b" 'c "d"' e\\ f ""`)).toEqual(['python3', '-c', 'a b', 'c "d"', 'e f', '']);
    expect(() => commandWords('python3 "a')).toThrow('Expected a closing "');
    expect(() => commandWords('  ')).toThrow('Expected a command');
  });

  it('makes paths of existing files absolute, and leaves a program to the search path', () => {
    const script = join(tempDir(), 'score.py');
    writeFileSync(script, '');
    const relativePath = relative(process.cwd(), script);
    expect(commandWords(`python3 ${relativePath} --fast none.py`)).toEqual(['python3', script, '--fast', 'none.py']);
    expect(commandWords(relativePath)).toEqual([script]);
    expect(commandWords('package.json')).toEqual(['package.json']);
  });
});

describe('metricTask', () => {
  it('is the task custom with a module or a command', () => {
    const path = join(tempDir(), 'metric.mjs');
    writeFileSync(path, '');
    expect(metricTask({ metric: path, task: 'custom', 'metric-timeout': 5 })).toEqual({
      kind: 'custom',
      metric: { kind: 'module', path, timeoutSeconds: 5 },
    });
    expect(metricTask({ 'metric-command': 'python3 -m score' })).toEqual({
      kind: 'custom',
      metric: { kind: 'command', command: ['python3', '-m', 'score'] },
    });
    expect(metricTask({})).toBeUndefined();
    expect(metricTask({ task: 'detection' })).toBeUndefined();
  });

  it.each([
    [{ task: 'custom' }, 'Expected --metric FILE.mjs or --metric-command COMMAND beside --task custom'],
    [{ metric: '/none/metric.mjs' }, 'The metric /none/metric.mjs does not exist'],
    [{ metric: 'a', 'metric-command': 'b' }, 'found --metric and --metric-command'],
    [{ 'metric-command': 'b', task: 'detection' }, 'Expected --task custom beside a metric, found "detection"'],
    [{ 'metric-command': 'b', 'metric-timeout': 0 }, 'Expected --metric-timeout above 0, found 0'],
    [{ 'metric-timeout': 3 }, 'Expected --metric or --metric-command beside --metric-timeout'],
  ])('refuses %j', (values, message) => {
    expect(() => metricTask(values)).toThrow(message);
  });
});
