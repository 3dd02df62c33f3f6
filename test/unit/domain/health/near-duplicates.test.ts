import { expect, it } from 'vitest';
import {
  FINGERPRINT_HEIGHT,
  FINGERPRINT_WIDTH,
  fingerprintOf,
  nearDuplicatesOf,
} from '../../../../src-shared/domain/health/near-duplicates';
import { createRandom } from '../../../../src-shared/domain/random';

const PIXELS = FINGERPRINT_WIDTH * FINGERPRINT_HEIGHT;

/** A smooth picture of its own: a few waves. */
function picture(seed: number): Uint8Array {
  const random = createRandom(seed);
  const waves = Array.from({ length: 4 }, () => ({
    x: random.nextUnit(),
    y: random.nextUnit(),
    phase: 6 * random.nextUnit(),
  }));
  return Uint8Array.from(
    { length: PIXELS },
    (_, i) =>
      128 +
      waves.reduce(
        (sum, wave) =>
          sum +
          28 * Math.sin(wave.x * (i % FINGERPRINT_WIDTH) + wave.y * Math.floor(i / FINGERPRINT_WIDTH) + wave.phase),
        0,
      ),
  );
}

it('finds the same picture after noise and after a change of brightness and contrast', () => {
  const base = picture(1);
  const random = createRandom(9);
  const noisy = base.map((value) => value + Math.round(4 * (random.nextUnit() - 0.5)));
  const brighter = base.map((value) => Math.min(255, Math.round(value * 0.8 + 40)));
  const all = [base, noisy, brighter].map(fingerprintOf);
  expect(nearDuplicatesOf(1, all)).toEqual([0]);
  expect(nearDuplicatesOf(2, all)).toEqual([0, 1]);
});

it('tells other pictures, the negative and the mirror image apart', () => {
  const base = picture(1);
  const others = Array.from({ length: 40 }, (_, seed) => picture(seed + 2));
  const negative = base.map((value) => 255 - value);
  const mirrored = base.map(
    (_, i) => base[i - (i % FINGERPRINT_WIDTH) + FINGERPRINT_WIDTH - 1 - (i % FINGERPRINT_WIDTH)] ?? 0,
  );
  const all = [base, negative, mirrored, ...others].map(fingerprintOf);
  expect(all.flatMap((_, i) => nearDuplicatesOf(i, all))).toEqual([]);
});

it('takes flat pictures and files without a picture for like nothing', () => {
  const flat = fingerprintOf(new Uint8Array(PIXELS).fill(200));
  expect(flat.direction).toBeNull();
  expect(nearDuplicatesOf(2, [flat, null, flat])).toEqual([]);
  expect(nearDuplicatesOf(1, [flat, null])).toEqual([]);
});
