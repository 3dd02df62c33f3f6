import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LearningJournal } from '../../../src-main/compute/learning/learning-journal';
import { useTempDirs } from '../../support/temp-dir';

const makeDir = useTempDirs();

it('gives back the blocks that were learned for the same basis, and skips an incomplete line', () => {
  const path = join(makeDir(), 'learning.jsonl');
  const training = {
    values: [Float32Array.of(0.1, -3), new Float32Array()],
    epochs: 3,
    steps: 9,
    before: 0.5,
    after: 0.25,
  };
  new LearningJournal(path, 'a').put(2, training);
  appendFileSync(path, '\n{"key":"');
  const again = new LearningJournal(path, 'a');
  expect(again.get(2)).toEqual(training);
  expect(again.get(1)).toBeUndefined();
  expect(new LearningJournal(path, 'b').get(2)).toBeUndefined();
});
