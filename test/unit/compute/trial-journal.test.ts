import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrialJournal } from '../../../src-main/compute/trials/trial-journal';
import type { Trial, TrialAnswer } from '../../../src-main/analysis/trials';

let dir = '';
let path = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-journal-'));
  path = join(dir, 'analysis', 'trials.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const trial: Trial = {
  plan: { layers: { a: 'fp16', b: 'int8' }, fallbackPrecision: 'fp16' },
  thresholds: { t: 1.5, u: 2 },
};
const answers: TrialAnswer[] = [
  { noise: [0.1, Number.POSITIVE_INFINITY], top1: 3 },
  { noise: [1e-30, 0], top1: -1 },
];

describe('TrialJournal', () => {
  it('answers again, to the last bit, what was tried before it was opened', () => {
    new TrialJournal(path).put(trial, ['x', 'y'], answers);
    expect(new TrialJournal(path).get(trial, ['x', 'y'])).toEqual(answers);
  });

  it('knows a trial whatever the order of its layers and tensors, and tells it from every other', () => {
    const journal = new TrialJournal(path);
    journal.put(trial, ['x', 'y'], answers);
    expect(
      journal.get(
        { plan: { fallbackPrecision: 'fp16', layers: { b: 'int8', a: 'fp16' } }, thresholds: { u: 2, t: 1.5 } },
        ['x', 'y'],
      ),
    ).toEqual(answers);
    expect(journal.get(trial, ['y', 'x'])).toBeUndefined();
    expect(journal.get({ ...trial, thresholds: { t: 1.5, u: 2.0000001 } }, ['x', 'y'])).toBeUndefined();
    expect(journal.get({ ...trial, plan: { ...trial.plan, fallbackPrecision: 'fp32' } }, ['x', 'y'])).toBeUndefined();
  });

  it('goes on after a process that was killed while it wrote', () => {
    const journal = new TrialJournal(path);
    journal.put(trial, ['x', 'y'], answers);
    const line = readFileSync(path, 'utf8');
    appendFileSync(path, line.slice(0, line.length / 2));
    const reopened = new TrialJournal(path);
    expect(reopened.get(trial, ['x', 'y'])).toEqual(answers);
    reopened.put(trial, ['z'], answers.slice(0, 1));
    expect(new TrialJournal(path).get(trial, ['z'])).toEqual(answers.slice(0, 1));
  });

  it('ignores what is no journal', () => {
    new TrialJournal(path).put(trial, ['x'], answers);
    writeFileSync(path, 'nonsense\n{"key": 5}\n');
    expect(new TrialJournal(path).get(trial, ['x'])).toBeUndefined();
  });
});
