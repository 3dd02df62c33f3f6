import { describe, expect, it } from 'vitest';
import {
  affordableWorkers,
  chooseWorkers,
  PeakMemory,
  requireMemory,
  weightBytesOf,
  workersForWeights,
  workersNote,
} from '../../../src-main/compute/pool/worker-memory';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useTempDirs } from '../../support/temp-dir';

const GB = 1e9;
const measured = { workerBytes: 1 * GB, peakBytes: 1.5 * GB };
const roomy = { containerBytes: 0, freeBytes: 100 * GB };

describe('affordableWorkers', () => {
  it('starts as many as are wanted where there is room, and never fewer than one', () => {
    expect(affordableWorkers(8, measured, roomy)).toBe(8);
    expect(affordableWorkers(8, measured, { ...roomy, limitBytes: 1 * GB })).toBe(1);
    expect(affordableWorkers(8, measured, { containerBytes: 1 * GB, freeBytes: 0 })).toBe(1);
    expect(affordableWorkers(4, { workerBytes: 0, peakBytes: 1 * GB }, roomy)).toBe(4);
  });

  it('keeps to the limit that was asked for, to the container and to what is free, whichever is least', () => {
    expect(affordableWorkers(8, measured, { ...roomy, limitBytes: 3.5 * GB })).toBe(3);
    expect(affordableWorkers(8, measured, { ...roomy, limitBytes: 3.4 * GB })).toBe(2);
    expect(affordableWorkers(8, measured, { ...roomy, containerBytes: 6 * GB })).toBe(4);
    expect(affordableWorkers(8, measured, { containerBytes: 0, freeBytes: 2.5 * GB })).toBe(3);
    expect(affordableWorkers(8, measured, { limitBytes: 3 * GB, containerBytes: 10 * GB, freeBytes: 100 * GB })).toBe(
      2,
    );
  });

  it('starts few workers of a large model, unless a limit allows more or much memory is free', () => {
    const large = { workerBytes: 2 * GB, peakBytes: 2.5 * GB };
    expect(affordableWorkers(8, large, { containerBytes: 0, freeBytes: 16 * GB })).toBe(1);
    expect(affordableWorkers(8, large, { containerBytes: 0, freeBytes: 16 * GB, limitBytes: 10 * GB })).toBe(4);
    expect(affordableWorkers(8, large, { containerBytes: 0, freeBytes: 100 * GB })).toBe(6);
  });
});

describe('chooseWorkers', () => {
  it('says what was chosen if it is less than what was wanted', () => {
    const limited = chooseWorkers(8, measured, { ...roomy, limitBytes: 3 * GB });
    expect(limited).toEqual({ wanted: 8, count: 2, ...measured });
    expect(workersNote(limited, 3 * GB)).toEqual({
      code: 'memory-limit',
      message:
        '2 of 8 workers were used: each takes about 1.00 GB, the first one reached 1.50 GB, and the limit of 3.00 GB ' +
        'has no room for more',
    });
    expect(workersNote(limited, undefined)?.message).toMatch(/the memory that is free has no room for more$/);
    expect(workersNote(chooseWorkers(8, measured, roomy), undefined)).toBeNull();
  });

  it('refuses a limit that one worker exceeds, and says how much it takes', () => {
    expect(() => chooseWorkers(8, measured, { ...roomy, limitBytes: 1.4 * GB })).toThrow(
      /One worker takes 1\.50 GB, more than the memory limit of 1\.40 GB/,
    );
    expect(chooseWorkers(8, measured, { ...roomy, limitBytes: 1.5 * GB }).count).toBe(1);
    // Memory that is merely scarce is no reason to refuse.
    expect(chooseWorkers(8, measured, { containerBytes: 1 * GB, freeBytes: 0 }).count).toBe(1);
  });
});

describe('limits for the weights of a model', () => {
  const tempDir = useTempDirs();

  it('are refused before anything is opened, if the weights exceed them', () => {
    expect(() => requireMemory(2 * GB, 2.2 * GB)).toThrow(
      /2\.20 GB of weights.*more than the memory limit of 2\.00 GB/,
    );
    expect(() => requireMemory(30 * GB, 2.2 * GB)).not.toThrow();
    expect(() => requireMemory(undefined, 2.2 * GB)).not.toThrow();
  });

  it('decide how many workers open rewritten models', () => {
    expect(workersForWeights(8, 0, roomy)).toBe(8);
    expect(workersForWeights(8, 3 * GB, { ...roomy, limitBytes: 20 * GB })).toBe(3);
    expect(workersForWeights(8, 3 * GB, { ...roomy, limitBytes: 1 * GB })).toBe(1);
  });

  it('know the size of a prepared model', () => {
    const dir = tempDir();
    expect(weightBytesOf(dir)).toBe(0);
    writeFileSync(join(dir, 'weights.bin'), new Uint8Array(77));
    expect(weightBytesOf(dir)).toBe(77);
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
