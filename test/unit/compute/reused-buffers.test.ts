import { describe, expect, it } from 'vitest';
import { ReusedBuffers } from '../../../src-main/compute/trials/reused-buffers';

describe('ReusedBuffers', () => {
  it('gives a buffer to one owner at a time, and again after the run', () => {
    const buffers = new ReusedBuffers();
    const [a, b] = [buffers.take(100), buffers.take(128)];
    expect(a).not.toBe(b);
    expect([a.byteLength, b.byteLength]).toEqual([128, 128]);
    buffers.release();
    const again = [buffers.take(65), buffers.take(128), buffers.take(128)];
    expect(new Set(again).size).toBe(3);
    expect(again).toEqual(expect.arrayContaining([a, b]));
    expect(buffers.take(0).byteLength).toBe(1);
  });
});
