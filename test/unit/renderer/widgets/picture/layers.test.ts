import { describe, expect, it } from 'vitest';
import {
  backgroundClass,
  IGNORED_CLASS,
  maskDifference,
  maskPixels,
  type PictureMask,
} from '../../../../../src-renderer/widgets/picture/layers';
import { fitted, panned, picturePoint, zoomed } from '../../../../../src-renderer/widgets/picture/zoom';
import { classColour } from '../../../../../src-shared/domain/palette';

const mask = (classes: number[], width: number, side = 100): PictureMask => ({
  width,
  height: classes.length / width,
  classes: Uint8Array.from(classes),
  place: { left: 0, top: 0, right: side, bottom: side },
});

describe('masks', () => {
  it('draw neither the background nor ignored pixels', () => {
    const pixels = maskPixels(mask([0, 1, IGNORED_CLASS, 2], 2), 0);
    expect([3, 7, 11, 15].map((at) => pixels[at])).toEqual([0, 140, 0, 140]);
    expect([...pixels.subarray(4, 7)]).toEqual([...classColour(1)]);
    expect(maskPixels(mask([0], 1), null)[3]).toBe(140);
  });

  it('take class 0 as background by its name, or if there are two classes without names', () => {
    expect(backgroundClass(['_background_', 'cat'], 2)).toBe(0);
    expect(backgroundClass(['road', 'car'], 2)).toBeNull();
    expect(backgroundClass([], 2)).toBe(0);
    expect(backgroundClass([], 21)).toBeNull();
  });

  it('count what the variant lost and won against the truth, and skip ignored pixels', () => {
    const fp32 = mask([1, 1, 1, 1], 2);
    const variant = mask([1, 0, 0, 0], 2);
    const truth = mask([1, 1, 0, IGNORED_CLASS], 2);
    expect(maskDifference(fp32, variant, truth)).toMatchObject({
      counts: { lost: 1, won: 1, changed: 0 },
      total: 3,
    });
    expect(maskDifference(fp32, variant, null).counts).toEqual({ lost: 0, won: 0, changed: 3 });
  });

  it('compare with a truth of another size, pixel by place', () => {
    const fp32 = mask([1, 0, 0, 0], 2);
    const variant = mask([0, 0, 0, 0], 2);
    const truth = mask([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 4);
    expect(maskDifference(fp32, variant, truth)).toMatchObject({ counts: { lost: 1, won: 0, changed: 0 }, total: 4 });
  });
});

describe('the view of a picture', () => {
  const area = { picture: { width: 200, height: 100 }, frame: { width: 400, height: 400 } };

  it('shows all of it, in the middle', () => {
    expect(fitted(area)).toEqual({ scale: 2, left: 0, top: 100 });
  });

  it('keeps the point under the pointer while it zooms, and never shrinks below the whole picture', () => {
    const before = zoomed(fitted(area), 4, { x: 200, y: 200 }, area);
    const at = { x: 120, y: 150 };
    const after = zoomed(before, 1.5, at, area);
    const [a, b] = [picturePoint(before, at.x, at.y), picturePoint(after, at.x, at.y)];
    expect(b.x).toBeCloseTo(a.x, 9);
    expect(b.y).toBeCloseTo(a.y, 9);
    expect(zoomed(after, 1e-6, at, area)).toEqual(fitted(area));
  });

  it('leaves no gap at an edge when it is moved', () => {
    const near = zoomed(fitted(area), 4, { x: 0, y: 0 }, area);
    expect(panned(near, 1e5, 1e5, area)).toMatchObject({ left: 0, top: 0 });
    expect(panned(near, -1e5, 0, area).left).toBe(400 - 200 * 8);
  });
});

it('neighbouring classes have different colours', () => {
  const colours = Array.from({ length: 150 }, (_, index) => classColour(index).join(' '));
  expect(new Set(colours).size).toBe(150);
  expect(colours.join(' ')).not.toMatch(/NaN|-/);
});
