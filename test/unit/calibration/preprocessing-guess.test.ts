import type { PartialPreprocessing } from '../../../src-shared/domain/project/preprocessing';
import { preprocessingFlags } from '../../../src-shared/domain/project/preprocessing-text';
import { describe, expect, it } from 'vitest';
import { guessPreprocessing } from '../../../src-main/calibration/preprocessing/preprocessing-guess';
import { parsePreprocessingFlags } from '../../../src-main/calibration/preprocessing/preprocess-flags';
import { inputOf } from './fixtures';

describe('guessPreprocessing', () => {
  it('guesses everything and says so', () => {
    const { preprocessing, notes } = guessPreprocessing(inputOf(3, 64, 48), {});
    expect(preprocessing).toEqual({
      resize: { kind: 'stretch', width: 64, height: 48 },
      crop: null,
      order: 'rgb',
      scale: 1 / 255,
      mean: [0],
      std: [1],
      layout: 'nchw',
    });
    expect(notes).toHaveLength(6);
  });
  it('takes gray for one channel', () => {
    expect(guessPreprocessing(inputOf(1, 28, 28), {}).preprocessing.order).toBe('gray');
  });
  it('takes scale 1 for means of 0..255, and says why', () => {
    const { preprocessing, notes } = guessPreprocessing(inputOf(3, 8, 8), { mean: [104, 117, 123] });
    expect(preprocessing.scale).toBe(1);
    expect(notes.join()).toContain('Scale 1: mean 104,117,123');
    expect(guessPreprocessing(inputOf(3, 8, 8), { mean: [0.5], std: [0.5] }).preprocessing.scale).toBe(1 / 255);
  });
  it('does not resize when only a crop is given', () => {
    expect(guessPreprocessing(inputOf(3, 8, 8), { crop: { width: 8, height: 8 } }).preprocessing.resize).toEqual({
      kind: 'none',
    });
  });
  it('rounds half of an odd crop margin as torchvision does, unless told otherwise', () => {
    const input = inputOf(3, 8, 8);
    const crop = { width: 8, height: 8 };
    const roundingOf = (given: PartialPreprocessing) => guessPreprocessing(input, given).preprocessing.cropRounding;
    expect(roundingOf({ crop })).toBe('half-even');
    expect(roundingOf({ crop, cropRounding: 'down' })).toBeUndefined();
    expect(roundingOf({})).toBeUndefined();
    expect(parsePreprocessingFlags({ 'crop-rounding': 'down' })).toEqual({ cropRounding: 'down' });
    expect(() => parsePreprocessingFlags({ 'crop-rounding': 'up' })).toThrow('one of half-even, down');
  });

  it('crops to the model after a resize that leaves more', () => {
    expect(
      guessPreprocessing(inputOf(3, 8, 8), { resize: { kind: 'short', shortSide: 10 } }).preprocessing.crop,
    ).toEqual({ width: 8, height: 8 });
    expect(
      guessPreprocessing(inputOf(3, 8, 8), { resize: { kind: 'stretch', width: 10, height: 10 } }).preprocessing.crop,
    ).toEqual({ width: 8, height: 8 });
  });
  it('refuses a layout that makes no image of an input that is one in the other', () => {
    // [3, 8, 6] is 3 channels as NCHW; as NHWC 3 high, 8 wide, 6 channels
    expect(() => guessPreprocessing(inputOf(3, 6, 8), { layout: 'nhwc' })).toThrow(
      /Layout nhwc reads 6 channels of 8x3 out of "input", nchw reads 3 of 6x8/,
    );
    expect(() => guessPreprocessing(inputOf(6, 3, 8), { layout: 'nhwc' })).not.toThrow();
  });
  it('refuses what does not fit', () => {
    expect(() => guessPreprocessing(inputOf(3, 8, 8), { order: 'gray' })).toThrow(
      /Expected 3 input channels for "input"/,
    );
  });
});

describe('parsePreprocessingFlags', () => {
  it('reads what preprocessingFlags writes', () => {
    const guessed = guessPreprocessing(inputOf(3, 8, 8), {}).preprocessing;
    for (const resize of [
      guessed.resize,
      { kind: 'short', shortSide: 10 },
      { kind: 'letterbox', width: 8, height: 8, pad: 7 },
    ] as const) {
      const preprocessing = {
        ...guessed,
        resize,
        ...(resize.kind === 'short'
          ? ({ crop: { width: 8, height: 8 }, cropRounding: 'half-even' } as const)
          : { crop: null }),
        mean: [0.485, 0.456, 0.406],
      };
      const flags = preprocessingFlags(preprocessing);
      const values = Object.fromEntries(
        flags.flatMap((flag, i) => (i % 2 === 0 ? [[flag.slice(2), flags[i + 1]]] : [])),
      );
      expect({ crop: null, ...parsePreprocessingFlags(values) }).toEqual(preprocessing);
    }
  });

  it('reads every flag', () => {
    expect(
      parsePreprocessingFlags({
        resize: '320x240',
        order: 'BGR',
        scale: '1/255',
        mean: '.5, .25,1',
        std: '2',
        layout: 'nhwc',
        crop: '224',
      }),
    ).toEqual({
      resize: { kind: 'stretch', width: 320, height: 240 },
      crop: { width: 224, height: 224 },
      order: 'bgr',
      scale: 1 / 255,
      mean: [0.5, 0.25, 1],
      std: [2],
      layout: 'nhwc',
    });
    expect(parsePreprocessingFlags({ 'resize-short': '256', crop: '200x100' })).toEqual({
      resize: { kind: 'short', shortSide: 256 },
      crop: { width: 200, height: 100 },
    });
    expect(parsePreprocessingFlags({ letterbox: '416x416', pad: '0' }).resize).toEqual({
      kind: 'letterbox',
      width: 416,
      height: 416,
      pad: 0,
    });
    expect(parsePreprocessingFlags({ letterbox: '416x416' }).resize).toMatchObject({ pad: 114 });
    expect(parsePreprocessingFlags({ letterbox: '416x416', 'letterbox-align': 'Center' }).resize).toEqual({
      kind: 'letterbox',
      width: 416,
      height: 416,
      pad: 114,
      align: 'center',
    });
    expect(parsePreprocessingFlags({ letterbox: '416x416', 'letterbox-align': 'top-left' }).resize).toEqual({
      kind: 'letterbox',
      width: 416,
      height: 416,
      pad: 114,
    });
    expect(parsePreprocessingFlags({ resize: undefined })).toEqual({});
  });
  it.each([
    [{ resize: '224' }, 'Expected WIDTHxHEIGHT in pixels for --resize, found "224"'],
    [{ resize: '0x5' }, '--resize'],
    [{ crop: '-4' }, '--crop'],
    [{ order: 'gbr' }, 'Expected one of rgb, bgr, gray for --order, found "gbr"'],
    [{ scale: '0' }, '--scale'],
    [{ scale: '1/0' }, '--scale'],
    [{ mean: '1,2' }, 'one number or three'],
    [{ mean: '1,,2' }, '--mean'],
    [{ std: '1,0,1' }, 'not 0'],
    [{ pad: '3' }, '--pad belongs to --letterbox'],
    [{ 'letterbox-align': 'center' }, '--letterbox-align belongs to --letterbox'],
    [{ letterbox: '8x8', 'letterbox-align': 'middle' }, 'one of top-left, center'],
    [{ letterbox: '8x8', pad: '256' }, '--pad'],
    [{ resize: '8x8', letterbox: '8x8' }, 'found --resize and --letterbox'],
  ])('refuses %j with an example', (flags, message) => {
    const attempt = (): unknown => parsePreprocessingFlags(flags);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'usage', hint: expect.any(String) as string }) as Error);
  });
});
