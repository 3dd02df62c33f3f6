import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { loadImageSet } from '../../../src-main/calibration/images/image-set';
import { createPreprocessor } from '../../../src-main/calibration/preprocessing/preprocess';
import { guessPreprocessing } from '../../../src-main/calibration/preprocessing/preprocessing-guess';
import { REPO_ROOT } from '../../support/shared';
import { inputOf } from './fixtures';

const sample = join(REPO_ROOT, 'resources/sample');

it('calibration and validation share classes and groups, balanced', async () => {
  const calibration = await loadImageSet({ path: join(sample, 'calibration') });
  const validation = await loadImageSet({ path: join(sample, 'validation') });
  expect(calibration.classNames).toHaveLength(33);
  expect(validation.classNames).toEqual(calibration.classNames);
  expect([calibration, validation].map((set) => set.groups)).toEqual([
    ['day', 'night'],
    ['day', 'night'],
  ]);
  const nights = [calibration, validation].map((set) => set.entries.filter((entry) => entry.group === 'night').length);
  expect([calibration.entries.length, validation.entries.length, ...nights]).toEqual([198, 594, 99, 297]);
});

it('FP32 answers as its README says: all by day, 280 of 297 at night', async () => {
  const validation = await loadImageSet({ path: join(sample, 'validation') });
  const input = inputOf(3, 64, 64);
  const preprocessor = createPreprocessor(guessPreprocessing(input, {}).preprocessing, input);
  const session = await InferenceSession.create(join(sample, 'plate_chars.onnx'), { intraOpNumThreads: 1 });
  const right: Record<string, number> = { day: 0, night: 0 };
  for (const entry of validation.entries) {
    const outputs = await session.run({
      input: new Tensor('float32', (await preprocessor.load(entry)).values, [1, 3, 64, 64]),
    });
    const scores = outputs['logits']?.data as Float32Array;
    const group = entry.group ?? '';
    if (scores.indexOf(Math.max(...scores)) === entry.label) right[group] = (right[group] ?? 0) + 1;
  }
  await session.release();
  expect(right).toEqual({ day: 297, night: 280 });
});
