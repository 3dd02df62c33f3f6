import { describe, expect, it } from 'vitest';
import {
  fastestKernels,
  timesInEngines,
  untriedKernels,
  type KernelEngine,
  type WorkOf,
} from '../../../../src-main/analysis/tuning/kernels';

const workOf: WorkOf = ({ onnxLayers }) => onnxLayers.map((name) => name.replace(/\d+$/, '')).join('+');

type Row = readonly [layer: string, kernel: string, us: number, others?: readonly string[]];

/** An engine of layers with the kernel of each, its time in microseconds, and the kernels that it could have. */
function engine(...layers: readonly Row[]): KernelEngine {
  return {
    layers: layers.map(([name, , us]) => ({ name, onnxLayers: [name], medianMs: us / 1000 })),
    kernels: layers.map(([layer, kernel, , others = []]) => ({
      layer,
      formats: 'f',
      kernel,
      builderMs: 0.01,
      others: others.map((other) => ({ kernel: other, builderMs: 0.01 })),
    })),
  };
}

/** The same engine with another layer of that many microseconds, whose kernels TensorRT does not let choose. */
function withOwnKernels({ layers, kernels }: KernelEngine, us: number): KernelEngine {
  return { layers: [...layers, { name: 'foreign', onnxLayers: [], medianMs: us / 1000 }], kernels };
}

const kernelsOf = (kernels: readonly { readonly layer: string; readonly kernel: string }[] | undefined | null) =>
  Object.fromEntries((kernels ?? []).map(({ layer, kernel }) => [layer, kernel]));

describe('timesInEngines', () => {
  it('scales the times of an engine to those that are known, and keeps the smaller one', () => {
    const first = engine(['conv1', 'a', 4], ['conv2', 'a', 5], ['pool1', 'p', 10], ['gemm1', 'g', 20]);
    // Everything takes twice as long in this profile; b is new.
    const second = engine(['conv1', 'b', 6], ['pool1', 'p', 20], ['gemm1', 'g', 40]);
    const times = timesInEngines([first, second], workOf);
    expect(times.get('conv | f')).toEqual(
      new Map([
        ['a', 0.004],
        ['b', 0.003],
      ]),
    );
    expect(times.get('pool | f')).toEqual(new Map([['p', 0.01]]));
  });

  it('does not take layers of the same work that differ within an engine for a slower profile', () => {
    const first = engine(['conv1', 'a', 4], ['conv2', 'a', 5], ['conv3', 'a', 6]);
    const second = engine(['conv1', 'a', 4], ['conv2', 'a', 5], ['conv3', 'a', 6], ['conv4', 'b', 4]);
    expect(timesInEngines([first, second], workOf).get('conv | f')).toEqual(
      new Map([
        ['a', 0.004],
        ['b', 0.004],
      ]),
    );
  });

  it('tells formats apart, and leaves out layers without a time', () => {
    const { layers, kernels } = engine(['conv1', 'a', 4], ['conv2', 'a', 0], ['conv3', 'a', 3]);
    const times = timesInEngines(
      [{ layers, kernels: kernels.map((own, i) => (i === 2 ? { ...own, formats: 'other' } : own)) }],
      workOf,
    );
    expect([...times.keys()]).toEqual(['conv | f', 'conv | other']);
    expect(times.get('conv | f')).toEqual(new Map([['a', 0.004]]));
  });
});

describe('fastestKernels', () => {
  it('gives layers of the same work the kernel that is clearly faster in any of them', () => {
    const built = engine(['conv1', 'slow', 8], ['conv2', 'fast', 4], ['gemm1', 'g', 8]);
    const found = fastestKernels(built, timesInEngines([built], workOf), workOf);
    expect(kernelsOf(found?.kernels)).toEqual({ conv1: 'fast', conv2: 'fast', gemm1: 'g' });
    expect(found?.savedShare).toBeCloseTo(4 / 20);
  });

  it('says what is saved of all layers, with those whose kernels are not known', () => {
    const built = withOwnKernels(engine(['conv1', 'slow', 8], ['conv2', 'fast', 4]), 88);
    expect(fastestKernels(built, timesInEngines([built], workOf), workOf)?.savedShare).toBeCloseTo(4 / 100);
  });

  it('changes nothing for differences that profiles have by themselves', () => {
    const built = engine(['conv1', 'a', 4.1], ['conv2', 'b', 4]);
    expect(fastestKernels(built, timesInEngines([built], workOf), workOf)).toBeNull();
  });
});

describe('untriedKernels', () => {
  it('tries each kernel once among layers of the same work, and gives the others the fastest one', () => {
    const others = ['a', 'b', 'c'];
    const built = engine(['conv1', 'a', 8, others], ['conv2', 'a', 8, others], ['conv3', 'a', 8, others]);
    const tried = untriedKernels(built, timesInEngines([built], workOf), workOf);
    expect(kernelsOf(tried)).toEqual({ conv1: 'b', conv2: 'c', conv3: 'a' });
    const next = engine(['conv1', 'b', 9], ['conv2', 'c', 4], ['conv3', 'a', 8]);
    const times = timesInEngines([built, next], workOf);
    expect(untriedKernels(built, times, workOf)).toBeNull();
    expect(kernelsOf(fastestKernels(built, times, workOf)?.kernels)).toEqual({ conv1: 'c', conv2: 'c', conv3: 'c' });
  });

  it('leaves layers alone that take long enough for the builder to time them, and a small part of the engine', () => {
    const long = engine(['conv1', 'a', 25, ['b']], ['gemm1', 'g', 8]);
    expect(untriedKernels(long, timesInEngines([long], workOf), workOf)).toBeNull();
    const small = engine(['conv1', 'a', 4, ['b']], ['gemm1', 'g', 80]);
    expect(untriedKernels(small, timesInEngines([small], workOf), workOf)).toBeNull();
    const unknown = withOwnKernels(engine(['conv1', 'a', 4, ['b']]), 80);
    expect(untriedKernels(unknown, timesInEngines([unknown], workOf), workOf)).toBeNull();
  });
});
