import { describe, expect, it } from 'vitest';
import { affordableWorkers, PeakMemory } from '../../../src-main/compute/pool/worker-memory';

const GB = 1e9;
const measured = { workerBytes: 2 * GB, peakBytes: 2.5 * GB };
const roomy = { containerBytes: 0, freeBytes: 100 * GB };

describe('affordableWorkers', () => {
  it('starts as many as are wanted where there is room, and never fewer than one', () => {
    expect(affordableWorkers(8, measured, roomy)).toBe(8);
    expect(affordableWorkers(8, measured, { ...roomy, limitBytes: 1 * GB })).toBe(1);
    expect(affordableWorkers(8, measured, { containerBytes: 1 * GB, freeBytes: 0 })).toBe(1);
    expect(affordableWorkers(4, { workerBytes: 0, peakBytes: 1 * GB }, roomy)).toBe(4);
  });

  it('keeps to the limit that was asked for, to the container and to what is free, whichever is least', () => {
    expect(affordableWorkers(8, measured, { ...roomy, limitBytes: 6.5 * GB })).toBe(3);
    expect(affordableWorkers(8, measured, { ...roomy, limitBytes: 6.4 * GB })).toBe(2);
    expect(affordableWorkers(8, measured, { ...roomy, containerBytes: 10 * GB })).toBe(4);
    expect(affordableWorkers(8, measured, { containerBytes: 0, freeBytes: 5 * GB })).toBe(3);
    expect(affordableWorkers(8, measured, { limitBytes: 5 * GB, containerBytes: 10 * GB, freeBytes: 100 * GB })).toBe(
      2,
    );
  });
});

describe('PeakMemory', () => {
  it('sees memory that was given back before it is asked', () => {
    const peak = new PeakMemory();
    expect(Buffer.alloc(200e6, 1)[5]).toBe(1);
    const { workerBytes, peakBytes } = peak.measure();
    expect(workerBytes).toBeGreaterThan(150e6);
    expect(peakBytes).toBeGreaterThan(workerBytes);
  });
});
