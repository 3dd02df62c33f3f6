import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepingLearned, LEARNED_FILE } from '../../../../src-main/calibration/histograms/learned-parameters';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keeping-learned-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const path = (): string => join(dir, LEARNED_FILE);
const learn = (text: string, isKept: boolean) => (): Promise<{ readonly isKept: boolean; readonly value: string }> => {
  writeFileSync(path(), text);
  return Promise.resolve({ isKept, value: text });
};

it.each([
  ['before', true, 'new'],
  ['before', false, 'before'],
  [null, true, 'new'],
  [null, false, null],
])('after %j, kept: %j, leaves %j and nothing else', async (before, isKept, after) => {
  if (before !== null) writeFileSync(path(), before);
  expect(await keepingLearned(dir, learn('new', isKept))).toBe('new');
  expect(existsSync(path()) ? readFileSync(path(), 'utf8') : null).toBe(after);
  expect(readdirSync(dir)).toEqual(after === null ? [] : [LEARNED_FILE]);
});

it('takes back what was there before an interruption', async () => {
  writeFileSync(path(), 'before');
  const interrupted = keepingLearned(dir, async () => {
    await learn('half', true)();
    throw new Error('interrupted');
  });
  await expect(interrupted).rejects.toThrow('interrupted');
  await keepingLearned(dir, learn('new', false));
  expect(readFileSync(path(), 'utf8')).toBe('before');
});
