import { describe, expect, it } from 'vitest';
import {
  changedParts,
  channelNames,
  isSamePreprocessing,
  targetSize,
  withCrop,
  withOrder,
  withResizeKind,
} from '../../../../src-renderer/features/data/preprocessing-draft';
import type { Preprocessing } from '../../../../src-shared/domain/project/preprocessing';

const BASE: Preprocessing = {
  resize: { kind: 'stretch', width: 224, height: 160 },
  crop: null,
  order: 'rgb',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  layout: 'nchw',
};

describe('preprocessing draft', () => {
  it('keeps the size that the network gets when the way to resize changes', () => {
    for (const kind of ['short', 'letterbox', 'stretch'] as const)
      expect(targetSize(withResizeKind(BASE, kind))).toEqual({ width: 224, height: 160 });
    expect(withResizeKind(BASE, 'short')).toMatchObject({
      resize: { kind: 'short', shortSide: 160 },
      crop: { width: 224, height: 160 },
    });
    expect(withResizeKind(withResizeKind(BASE, 'short'), 'stretch')).toEqual(BASE);
    expect(withResizeKind(BASE, 'stretch')).toBe(BASE);
  });

  it('crops to the size of the network', () => {
    expect(withCrop(BASE, true).crop).toEqual({ width: 224, height: 160 });
    expect(withCrop(withCrop(BASE, true), false)).toEqual(BASE);
  });

  it('moves mean and std with their channels', () => {
    expect(withOrder(BASE, 'bgr')).toMatchObject({
      order: 'bgr',
      mean: [0.406, 0.456, 0.485],
      std: [0.225, 0.224, 0.229],
    });
    expect(withOrder(withOrder(BASE, 'bgr'), 'rgb')).toEqual(BASE);
    expect(withOrder(BASE, 'gray')).toMatchObject({ mean: [0.485], std: [0.229] });
    expect(withOrder(BASE, 'rgb')).toEqual(BASE);
  });

  it('names channels in the order in which the model gets them', () => {
    expect(channelNames('bgr', 3)).toEqual(['B', 'G', 'R']);
    expect(channelNames('gray', 1)).toEqual(['Y']);
    expect(channelNames('rgb', 4)).toEqual(['0', '1', '2', '3']);
  });

  it('says what changed, whatever the order of fields', () => {
    expect(isSamePreprocessing(BASE, { ...BASE, resize: { height: 160, width: 224, kind: 'stretch' } })).toBe(true);
    expect(changedParts(BASE, BASE)).toEqual([]);
    expect(changedParts(BASE, { ...withResizeKind(BASE, 'short'), std: [1] })).toEqual(['resize', 'crop', 'std']);
  });
});
