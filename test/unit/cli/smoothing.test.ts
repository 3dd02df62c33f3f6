import { describe, expect, it } from 'vitest';
import { smoothingText } from '../../../src-main/cli/smoothing';
import type { SmoothingResult } from '../../../src-shared/domain/analysis/smoothing';

const RESULT: SmoothingResult = {
  target: 'tensorrt',
  equalized: false,
  groups: 3,
  images: { chosen: 64, confirmed: 128 },
  without: { chosen: 0.1, confirmed: 0.1 },
  candidates: [{ alpha: 0.5, chosen: 0.01, confirmed: 0.01 }],
  choice: { alpha: 0.5, key: 'k' },
  notSmoothed: [],
  seconds: 1,
  createdAt: '',
};

describe('smoothingText', () => {
  it.each([
    [{}, 'output SQNR 10.0 dB becomes 20.0 dB on'],
    [{ comparesCandidates: true }, 'the error of the candidates 0.100 becomes 0.0100 on'],
    [{ comparesAnswers: true }, 'the part of the answers that differs from FP32 0.100 becomes 0.0100 on'],
  ])('names the error that was compared: %j', (fields, expected) => {
    expect(smoothingText({ ...RESULT, ...fields })).toContain(expected);
  });
});
