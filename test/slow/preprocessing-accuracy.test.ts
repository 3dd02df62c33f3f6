import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { loadImageSet } from '../../src-main/calibration/images/image-set';
import { createPreprocessor } from '../../src-main/calibration/preprocessing/preprocess';
import {
  parsePreprocessingFlags,
  type PreprocessingFlagValues,
} from '../../src-main/calibration/preprocessing/preprocess-flags';
import { guessPreprocessing } from '../../src-main/calibration/preprocessing/preprocessing-guess';
import { sharedDir, sharedPath } from '../support/shared';
import { inputOf } from '../unit/calibration/fixtures';

interface Case {
  readonly model: string;
  readonly data: string;
  readonly input: ReturnType<typeof inputOf>;
  readonly flags: PreprocessingFlagValues;
  /** Every n-th image; more than 1 keeps the large models short. */
  readonly step: number;
  /**
   * Right answers. Step 1: the accuracy stated for the model. Else what the subset gave when the whole set gave that
   * accuracy.
   */
  readonly right: number;
}

async function countRight({ model, data, input, flags, step }: Case): Promise<number> {
  const set = await loadImageSet({ path: sharedPath('data', ...data.split('/')) });
  const preprocessor = createPreprocessor(
    guessPreprocessing(input, parsePreprocessingFlags(flags)).preprocessing,
    input,
  );
  const session = await InferenceSession.create(sharedPath('models', `${model}.onnx`), { intraOpNumThreads: 1 });
  let right = 0;
  for (const entry of set.entries.filter((_, i) => i % step === 0)) {
    const tensor = new Tensor('float32', (await preprocessor.load(entry)).values, [
      1,
      input.channels,
      input.height ?? 0,
      input.width ?? 0,
    ]);
    const outputs = await session.run({ [session.inputNames[0] ?? '']: tensor });
    const scores = outputs[session.outputNames[0] ?? '']?.data as Float32Array;
    if (scores.indexOf(Math.max(...scores)) === entry.label) right += 1;
  }
  await session.release();
  return right;
}

describe.skipIf(sharedDir() === null)('FP32 answers with our decoding and preprocessing', () => {
  const cifar = { mean: '0.4914,0.4822,0.4465', std: '0.2470,0.2435,0.2616' };
  const cases: readonly Case[] = [
    { model: 'plate_chars', data: 'plates/validation', input: inputOf(3, 64, 64), flags: {}, step: 1, right: 1941 },
    {
      model: 'cifar_resnet20',
      data: 'cifar10/validation',
      input: inputOf(3, 32, 32),
      flags: cifar,
      step: 1,
      right: 1767,
    },
    {
      model: 'mnist_cntk',
      data: 'mnist/validation',
      input: inputOf(1, 28, 28),
      flags: { scale: '1' },
      step: 1,
      right: 977,
    },
    {
      model: 'squeezenet_v11',
      data: 'imagenet/validation',
      input: inputOf(3, 227, 227),
      flags: { crop: '227', order: 'bgr', mean: '104,117,123', scale: '1' },
      step: 10,
      right: 51,
    },
    {
      model: 'mobilenet_v1_075_bn',
      data: 'imagenet/validation',
      input: inputOf(3, 224, 224),
      flags: { crop: '224', 'crop-rounding': 'down', mean: '127.5', std: '127.5', scale: '1' },
      step: 10,
      right: 50,
    },
  ];
  it.each(cases)('$model', async (testCase) => {
    expect(await countRight(testCase)).toBe(testCase.right);
  });
});
