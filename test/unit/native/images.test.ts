import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/backends/addon';

const addon = loadAddon();

describe('arguments of the functions for images', () => {
  it.each([
    ['bytes that do not fill the image', () => addon.resizeImage(new Uint8Array(11), 2, 2, 3, 1, 1)],
    ['two channels', () => addon.resizeImage(new Uint8Array(8), 2, 2, 2, 1, 1)],
    ['a side of 0', () => addon.resizeImage(new Uint8Array(12), 2, 2, 3, 0, 1)],
    [
      'bytes of half a pixel',
      () => addon.imageValues(new Uint8Array(4), 3, new Uint8Array(1), new Float32Array(256), true),
    ],
    [
      'a channel that the image lacks',
      () => addon.imageValues(new Uint8Array(3), 3, Uint8Array.of(3), new Float32Array(256), true),
    ],
    ['too few values', () => addon.imageValues(new Uint8Array(3), 3, Uint8Array.of(0), new Float32Array(255), true)],
  ])('refuse %s', (_what, call) => {
    expect(call).toThrow(/Expected/);
  });
});
