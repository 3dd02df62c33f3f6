import { describe, expect, it } from 'vitest';
import { parseDecoder, requireDetection } from '../../../src-main/cli/decoder-option';

describe('--decoder', () => {
  it('takes a layout, parameters, or both', () => {
    expect(parseDecoder('yolov8')).toEqual({ kind: 'yolov8' });
    expect(parseDecoder('nmsIou=0.5,classAgnostic=true')).toEqual({ nmsIou: 0.5, classAgnostic: true });
    expect(parseDecoder('yolox: strides=8+16+32, outputs=a+b/c:0, minScore=0.05, activation=none')).toEqual({
      kind: 'yolox',
      strides: [8, 16, 32],
      outputs: ['a', 'b/c:0'],
      minScore: 0.05,
      activation: 'none',
    });
  });
  it('takes parameters away with none', () => {
    expect(parseDecoder('yolox:strides=none,background=none,nmsIou=none')).toEqual({
      kind: 'yolox',
      strides: null,
      background: null,
      nmsIou: null,
    });
  });
  it.each([
    ['yolo9', 'expected "yolov5" or "yolov8"'],
    ['yolov8:nmsIou=2', 'expected a number from 0 to 1 at nmsIou, found 2'],
    ['yolov8:strides=8+x', 'strides'],
    ['yolov8:iou=0.5', 'found "iou=0.5"; the names are'],
    ['yolov8:nmsIou', 'NAME=VALUE'],
    ['yolov8:__proto__=1', 'NAME=VALUE'],
    ['', 'expected "yolov5"'],
  ])('refuses %s', (given, message) => {
    expect(() => parseDecoder(given)).toThrow(message);
  });
  it('belongs to the task detection', () => {
    requireDetection({ task: 'detection', decoder: {} });
    requireDetection({ task: 'segmentation' });
    expect(() => requireDetection({ task: 'segmentation', decoder: {} })).toThrow('found --task segmentation');
    expect(() => requireDetection({ metric: 'm.mjs', decoder: {} })).toThrow('found both');
  });
});
