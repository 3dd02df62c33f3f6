import { describe, expect, it } from 'vitest';
import {
  formatSpeed,
  formatSpeedSpread,
  slowerThan,
  speedOf,
  speedOfRatio,
} from '../../../../src-shared/domain/runs/speed';

describe('formatSpeed', () => {
  it.each([
    [1.15, '1.15x slower'],
    [0.308, '3.2x faster'],
    [0.5, '2.0x faster'],
    [12.34, '12x slower'],
    [1 / 1.15, '1.15x faster'],
    [1.004, 'equally fast'],
    [1, 'equally fast'],
  ])('says a latency of %d times the reference as "%s"', (ratio, text) => {
    expect(formatSpeed(speedOfRatio(ratio))).toBe(text);
  });
});

describe('speedOf', () => {
  it('tells nothing apart where the rounds lie on both sides', () => {
    expect(speedOf({ median: 1.02, p10: 0.98, p90: 1.06 })).toEqual({ kind: 'same', factor: 1 });
    expect(speedOf({ median: 1.02, p10: 1.01, p90: 1.06 }).kind).toBe('slower');
    expect(speedOf({ median: 1.02 }).kind).toBe('slower');
  });

  it('says the spread in words too', () => {
    expect(formatSpeedSpread({ median: 1, p10: 0.98, p90: 1.06 })).toBe('1.02x faster to 1.06x slower');
    expect(formatSpeedSpread({ median: 1 })).toBe('');
  });
});

describe('slowerThan', () => {
  it('names the references that are faster, of latencies of the same kind only', () => {
    const measured = { latencyMs: 2.3, latencyKind: 'measured' } as const;
    const references = [
      { variant: 'fp32', latencyMs: 2, latencyKind: 'measured' },
      { variant: 'fp16', latencyMs: 1, latencyKind: 'modelled' },
    ] as const;
    expect(slowerThan(measured, references).map(({ variant, speed }) => `${variant} ${formatSpeed(speed)}`)).toEqual([
      'fp32 1.15x slower',
    ]);
    expect(slowerThan({ ...measured, latencyMs: 1.9 }, references)).toEqual([]);
  });
});
