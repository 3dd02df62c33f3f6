import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Feed } from '../../../src-main/backends/feeds';
import type { ModelSession, OnnxVariant, OutputTensor } from '../../../src-main/backends/runnable-variant';
import { KeepingSession, KeptOutputs } from '../../../src-main/compute/roles/kept-outputs';

const OUTPUT_VALUES = 4;
const RUN_BYTES = 4 * OUTPUT_VALUES;

function variantAt(modelPath: string): OnnxVariant {
  return { kind: 'onnx', variant: 'fp32', modelPath, weightsDir: null, simulate: false, hasFp16: false };
}
const FP32 = variantAt(join(import.meta.dirname, 'kept-outputs.test.ts'));
const OTHER = variantAt(join(import.meta.dirname, 'image-pool.test.ts'));

const feedOf = (value: number): Feed => ({ name: 'x', dtype: 'float32', dims: [1], data: Float32Array.of(value) });

/** A session whose outputs depend on its input, and which counts its runs. */
class CountingSession implements ModelSession {
  runs = 0;

  run([feed]: readonly Feed[]): Promise<OutputTensor[]> {
    this.runs += 1;
    const value = Number(feed?.data[0]);
    const data = Float32Array.of(value, Number.NaN, -0, 1 / 3);
    return Promise.resolve([
      { name: 'y', dims: [1, OUTPUT_VALUES], data },
      { name: 'none', dims: [0], data: null },
    ]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Pass {
  readonly runs: number;
  readonly outputs: readonly (readonly OutputTensor[])[];
}

/** One pass of one worker over inputs. */
async function pass(kept: KeptOutputs, values: readonly number[], variant = FP32): Promise<Pass> {
  const session = new CountingSession();
  const keeping = new KeepingSession(session, kept.begin(variant, 1));
  const outputs = [];
  for (const value of values) outputs.push(await keeping.run([feedOf(value)]));
  kept.add(keeping.flush());
  return { runs: session.runs, outputs };
}

describe('KeptOutputs', () => {
  it('gives outputs of the same bits without a run', async () => {
    const kept = new KeptOutputs();
    const first = await pass(kept, [1, 2]);
    const second = await pass(kept, [2, 1, 3]);
    expect([first.runs, second.runs]).toEqual([2, 1]);
    const bits = (outputs: readonly OutputTensor[] | undefined): unknown =>
      outputs?.map(({ name, dims, data }) => [name, dims, data && Buffer.from(data.buffer).toString('hex')]);
    expect(bits(second.outputs[1])).toEqual(bits(first.outputs[0]));
    expect(second.outputs[1]?.[0]?.data?.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('runs another model, also if a worker of the one before answers late', async () => {
    const kept = new KeptOutputs();
    const late = new KeepingSession(new CountingSession(), kept.begin(FP32, 1));
    await late.run([feedOf(1)]);
    kept.begin(OTHER, 1);
    kept.add(late.flush());
    expect((await pass(kept, [1], OTHER)).runs).toBe(1);
    expect((await pass(kept, [1])).runs).toBe(1);
  });

  it('keeps what fits, and makes room for another set of images', async () => {
    const kept = new KeptOutputs(2 * RUN_BYTES);
    expect((await pass(kept, [1, 2, 3])).runs).toBe(3);
    expect((await pass(kept, [1, 2, 3])).runs).toBe(1);
    expect((await pass(kept, [7, 8])).runs).toBe(2);
    expect((await pass(kept, [7, 8])).runs).toBe(2);
    expect((await pass(kept, [7, 8])).runs).toBe(0);
  });
});
