import { describe, expect, it } from 'vitest';
import { cancelledError } from '../../../../src-shared/base/errors';
import type { Progress } from '../../../../src-shared/contract/progress';
import { devicesOf, forEachDevice } from '../../../../src-main/app/variants/devices';

describe('forEachDevice', () => {
  it('goes one after the other, or starts all at once', async () => {
    for (const [isParallel, expected] of [
      [false, ['start 1', 'end 1', 'start 2', 'end 2']],
      [true, ['start 1', 'start 2', 'end 1', 'end 2']],
    ] as const) {
      const seen: string[] = [];
      const results = await forEachDevice([1, 2], isParallel, {}, async (item) => {
        seen.push(`start ${item}`);
        await Promise.resolve();
        seen.push(`end ${item}`);
        return item * 10;
      });
      expect(results).toEqual([10, 20]);
      expect(seen).toEqual(expected);
    }
  });

  it('stops the others at the first failure and reports that one', async () => {
    const work = (item: string, signal: AbortSignal | undefined): Promise<never> =>
      item === 'bad'
        ? Promise.reject(new Error('the cause'))
        : new Promise((_, reject) => signal?.addEventListener('abort', () => reject(cancelledError())));
    await expect(forEachDevice(['good', 'bad'], true, {}, (item, { signal }) => work(item, signal))).rejects.toThrow(
      'the cause',
    );
  });

  it('adds up the progress of those in the same phase', async () => {
    const seen: Progress[] = [];
    await forEachDevice(
      [1, 2],
      true,
      { onProgress: (progress) => seen.push(progress) },
      async (item, { onProgress }) => {
        onProgress?.({ phase: 'benchmarking', done: item, total: 10, unit: 'rounds' });
      },
    );
    expect(seen.map(({ done, total }) => [done, total])).toEqual([
      [1, 10],
      [3, 20],
    ]);
  });
});

describe('devicesOf', () => {
  const status = {
    devices: [0, 1].map((index) => ({
      index,
      name: `GPU ${index}`,
      uuid: '',
      computeCapability: '9.0',
      memoryBytes: 1,
      driverVersion: '13.0',
    })),
  };
  const gpu = { backend: 'tensorrt' } as const;

  it('names each GPU once, all of them, or none', () => {
    expect(devicesOf({ devices: [1, 1, 0] }, gpu, status)).toEqual([
      { index: 1, name: 'GPU 1' },
      { index: 0, name: 'GPU 0' },
    ]);
    expect(devicesOf({ devices: 'all' }, gpu, status)).toHaveLength(2);
    expect(devicesOf({}, gpu, status)).toBeNull();
  });

  it('refuses a GPU that is not there and backends that have one only', () => {
    expect(() => devicesOf({ devices: [2] }, gpu, status)).toThrow('There is no GPU 2; this machine has 2');
    expect(() => devicesOf({ devices: [0] }, { backend: 'ort-cuda' }, status)).toThrow(
      /for the backend tensorrt, not ort-cuda/,
    );
  });
});
