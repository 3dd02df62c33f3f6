import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPO_ROOT, sharedDir } from '../support/shared';

interface Comparison {
  readonly model: string;
  readonly method: string;
  readonly both: number;
  readonly equal: number;
  readonly onlyInReference: readonly string[];
}

/** Caches that TensorRT 10.6 itself wrote for these models and images. */
describe.skipIf(sharedDir() === null)("TensorRT's own caches", () => {
  it.each(['plate_chars', 'cifar_resnet20'])('are reproduced for %s: every name, every scale to 1e-5', (model) => {
    const run = spawnSync(process.execPath, [join(REPO_ROOT, 'test/bench/tensorrt-caches.mjs'), model, '--json'], {
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    const { rows } = JSON.parse(run.stdout) as { readonly rows: readonly Comparison[] };
    expect(rows.map(({ method }) => method)).toEqual(['entropy-tensorrt', 'minmax']);
    for (const { method, both, equal, onlyInReference } of rows) {
      expect(both).toBeGreaterThan(50);
      // A search may end in a near-tie that the last bits of an activation decide.
      expect(equal, method).toBeGreaterThanOrEqual(method === 'minmax' ? both : both - 1);
      expect(onlyInReference).toEqual([]);
    }
  });

  it('forecasts the overflow that makes its FP16 engine answer NaN, and none in the model it was planted in', () => {
    const run = spawnSync(
      process.execPath,
      [join(REPO_ROOT, 'test/bench/fp16-forecast.mjs'), 'planted_fp16_overflow', 'cifar_resnet20', '--json'],
      { encoding: 'utf8' },
    );
    expect(run.stderr).toBe('');
    const [planted, plain] = JSON.parse(run.stdout) as readonly {
      readonly hasNanOnGpu: unknown;
      readonly refused: readonly { readonly layer: string; readonly code: string; readonly reason: string }[];
    }[];
    expect(planted?.hasNanOnGpu).toBe(true);
    expect(planted?.refused).toContainEqual({
      layer: '/f/f.4/c2/Conv',
      code: 'fp16-refused-activation',
      reason: expect.stringContaining('/f/f.4/Relu_output_0') as unknown,
    });
    expect(plain?.refused).toEqual([]);
  });
});
