import { describe, expect, it } from 'vitest';
import { OrtSession } from '../../../src-main/backends/ort-session';
import type { Feed } from '../../../src-main/backends/feeds';
import { ValueWeights } from '../../../src-main/compute/learning/value-weights';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import type { Model } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../src-main/onnx/graph/tensor-values';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { pseudoRandom } from '../../support/onnx-builder';
import { Net } from '../quantization/graphs';

const PIXELS = 16;
const OBJECT = 5;
const GEOMETRY = { inputWidth: 4, inputHeight: 4, width: 4, height: 4, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
const IMAGE = pseudoRandom(48, 7);
const X: Feed = { name: 'x', dtype: 'float32', dims: [1, 3, 4, 4], data: IMAGE };

function open(model: Model): Promise<OrtSession> {
  return OrtSession.open({ model: encodeModel(model), weightsDir: null, threads: 1, simulate: false, hasFp16: false });
}

/** Cells of one pixel each; the numbers are box, objectness and the score of one class. */
function yolox(output: string): Task {
  return {
    kind: 'detection',
    decoder: {
      kind: 'yolox',
      outputs: [output],
      boxForm: 'cxcywh',
      boxUnit: 'pixels',
      activation: 'sigmoid',
      strides: [1],
      minScore: 0.01,
      nmsIou: 0.5,
      classAgnostic: false,
      maxDetections: 10,
    },
  };
}

interface Asked {
  readonly tensor: string;
  readonly task: Task | null;
  readonly data?: Float32Array;
}

/** The mean of the weights of one tensor over many seeds. */
async function meanWeights(model: Model, { tensor, task, data = IMAGE }: Asked): Promise<Float64Array> {
  const feed = { ...X, data };
  const weights = await ValueWeights.open(model, { feeds: [feed], tensors: [tensor], task }, open);
  const seeds = 400;
  let mean = new Float64Array();
  for (let seed = 0; seed < seeds; seed += 1) {
    const [found] = await weights.of([feed], [GEOMETRY], seed);
    mean = Float64Array.from(found?.data ?? [], (value, i) => (mean[i] ?? 0) + value / seeds);
  }
  await weights.close();
  return mean;
}

function layers() {
  const net = new Net();
  const middle = net.op('Relu', 'relu', [net.conv('first', 'x', 3, 5)]);
  const output = net.conv('last', middle, 5, 6);
  const model = net.model([1, 3, 4, 4], output);
  return {
    model,
    middle,
    output,
    last: tensorAsFloat32(net.initializers.find(({ name }) => name === 'last.w') as never),
  };
}

describe('ValueWeights', () => {
  it('is the growth of the relative output error with each value', async () => {
    const { model, middle, output, last } = layers();
    const session = await open(model);
    const [found] = (await session.run([X])).filter(({ name }) => name === output);
    await session.close();
    const signal = (found?.data ?? new Float32Array()).reduce((sum, value) => sum + value * value, 0);
    const mean = await meanWeights(model, { tensor: middle, task: null });
    expect(mean).toHaveLength(5 * PIXELS);
    for (let channel = 0; channel < 5; channel += 1) {
      const expected = Array.from({ length: 6 }, (_, i) => (last[5 * i + channel] ?? 0) ** 2 / signal);
      const sum = expected.reduce((total, value) => total + value, 0);
      const own = mean.subarray(channel * PIXELS, (channel + 1) * PIXELS).reduce((total, value) => total + value, 0);
      expect(own / PIXELS / sum).toBeGreaterThan(0.93);
      expect(own / PIXELS / sum).toBeLessThan(1.07);
    }
  });

  it('is larger where a detector finds something', async () => {
    const net = new Net();
    const middle = net.op('Relu', 'relu', ['x']);
    // Objectness depends on the first channel, all other numbers on the second one.
    const weights = Float32Array.from({ length: 18 }, (_, i) => (i === 12 ? 10 : i % 3 === 1 && i !== 13 ? 0.5 : 0));
    const bias = Float32Array.of(0, 0, 0, 0, -8, 1);
    const output = net.op('Conv', 'last', [
      middle,
      net.constant('w', [6, 3, 1, 1], weights),
      net.constant('b', [6], bias),
    ]);
    const data = Float32Array.from({ length: 3 * PIXELS }, (_, i) => (i === OBJECT || i >= PIXELS ? 1 : 0.1));
    const mean = await meanWeights(net.model([1, 3, 4, 4], output), { tensor: middle, task: yolox(output), data });
    const [first, second, third] = [0, 1, 2].map((channel) => mean.slice(channel * PIXELS, (channel + 1) * PIXELS));
    const others = (list: Float64Array | undefined): number =>
      Math.max(...(list ?? []).filter((_, place) => place !== OBJECT));
    expect(first?.[OBJECT]).toBeGreaterThan(50 * others(first));
    expect(second?.[OBJECT]).toBeGreaterThan(50 * others(second));
    expect([...(third ?? [])]).toEqual(Array.from({ length: PIXELS }, () => 0));
  });

  it('needs gradients of every layer behind the tensor', async () => {
    const net = new Net();
    const middle = net.conv('first', 'x', 3, 5);
    const model = net.model([1, 3, 4, 4], net.op('Floor', 'floor', [middle]));
    await expect(meanWeights(model, { tensor: middle, task: null })).rejects.toThrow(/gradient rule for .*Floor/u);
  });
});
