import { describe, expect, it } from 'vitest';
import { timesOf } from '../../../src-main/backends/layer-profile';

const event = (cat: string, name: string, dur: number, args: object = {}) => ({ cat, name, dur, args });
const kernel = (name: string, dur: number, provider = 'CPUExecutionProvider') =>
  event('Node', `${name}_kernel_time`, dur, {
    provider,
    input_type_shape: [{ float: [1, 3] }],
    output_type_shape: [{ float16: [1, 3] }],
  });

describe('timesOf', () => {
  it('leaves out warm-up runs and nodes of loop bodies', () => {
    const run = (durations: readonly [number, number]) => [
      kernel('a', durations[0]),
      kernel('inner', 1000),
      kernel('b', durations[1]),
      event('Session', 'model_run', durations[0] + durations[1] + 1000),
    ];
    const slow: [number, number] = [9000, 9000];
    const events = [slow, slow, slow, [1000, 2000], [3000, 2000], [2000, 2000]].flatMap((each) =>
      run(each as [number, number]),
    );
    const found = timesOf(events, { runs: 6, isGpu: false, nodes: new Set(['a', 'b']) });
    expect(Object.fromEntries(found.times)).toEqual({
      a: { medianMs: 2, provider: 'CPU', inputType: 'float', outputType: 'float16' },
      b: { medianMs: 2, provider: 'CPU', inputType: 'float', outputType: 'float16' },
    });
    expect(found.runMs).toBe(5);
    expect(found.kernelShare).toBeCloseTo(12 / 15, 12);
  });

  it('takes the times of the device on a GPU, and refuses a profile without any', () => {
    const cuda = 'CUDAExecutionProvider';
    const launched = [kernel('a', 7, cuda), event('Kernel', 'gemm', 40), event('Kernel', 'relu', 2), kernel('b', 5)];
    const events = [...launched, event('Session', 'model_run', 60)];
    const task = { runs: 4, isGpu: true, nodes: new Set(['a', 'b']) };
    expect([...timesOf(events, task).times].map(([name, { medianMs }]) => [name, medianMs])).toEqual([
      ['a', 0.042],
      ['b', 0.005],
    ]);
    expect(() => timesOf([kernel('a', 7, cuda)], task)).toThrow(/no times of kernels on the GPU/);
  });

  it('adds the kernels that WebGPU lists behind all nodes to the runs of their node', () => {
    const launched = [kernel('a&b', 7, 'WebGpuExecutionProvider'), kernel('c', 5, 'WebGpuExecutionProvider')];
    const run = [...launched, event('Session', 'model_run', 100)];
    const listed = [
      event('Api', 'a&b&Conv&Transpose', 900),
      event('Api', 'a&b&Conv&Transpose', 1),
      event('Api', 'a&b&Conv&MatMul', 20),
      event('Api', 'a&b&Conv&MatMul', 30),
      event('Api', 'c&Add&Add', 4),
      event('Api', 'a&b&Conv&Transpose', 2),
      event('Api', 'a&b&Conv&MatMul', 40),
      event('Api', 'a&b&Conv&MatMul', 50),
      event('Api', 'c&Add&Add', 6),
      event('Api', 'elsewhere&Add&Add', 6),
    ];
    const task = { runs: 2, isGpu: true, nodes: new Set(['a&b', 'c']) };
    const { times, kernelShare } = timesOf([...run, ...run, ...listed], task);
    // The one run that counts is the last.
    expect([...times].map(([name, { medianMs }]) => [name, medianMs])).toEqual([
      ['a&b', 0.092],
      ['c', 0.006],
    ]);
    expect(kernelShare).toBeCloseTo(0.98, 12);
  });
});
