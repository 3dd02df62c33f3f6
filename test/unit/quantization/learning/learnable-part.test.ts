import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { elementTypes } from '../../../../src-main/onnx/graph/dtypes';
import { DataType, type Model } from '../../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../../src-main/onnx/graph/tensor-values';
import { raiseOpset } from '../../../../src-main/onnx/passes/raise-opset';
import { encodeModel } from '../../../../src-main/onnx/wire/wire-writer';
import { learnablePart, type Parameter } from '../../../../src-main/quantization/learning/learnable-part';
import { partOf } from '../../../../src-main/quantization/learning/part-of-model';
import { hardened, roundedTo } from '../../../../src-main/quantization/learning/rounding';
import { stepModel } from '../../../../src-main/quantization/learning/step-model';
import { correctableBiases } from '../../../../src-main/quantization/rewrite/bias-correction';
import { calibrationTensors } from '../../../../src-main/quantization/rewrite/calibration-tensors';
import { materialize } from '../../../../src-main/quantization/rewrite/materialize';
import { placeQdq, quantizeModel, withOutputs } from '../../../../src-main/quantization/rewrite/quantize';
import { packRounding } from '../../../../src-main/quantization/rewrite/weight-rounding';
import { WeightScales } from '../../../../src-main/quantization/rewrite/weight-scales';
import { graphFacts } from '../../../../src-main/quantization/rules/graph-facts';
import type { WeightRounding } from '../../../../src-shared/domain/analysis/repair';
import { EMPTY_PLAN, type Target } from '../../../../src-shared/domain/project/precision';
import { pseudoRandom } from '../../../support/onnx-builder';
import { Net, residualNet } from '../graphs';

const DIMS = [1, 3, 4, 4];
const IMAGE = pseudoRandom(48, 21);
const THRESHOLD = 1.5;

interface Rounding {
  readonly roundedLayers?: readonly string[];
  readonly roundings?: readonly WeightRounding[];
}

/** The whole of a network as one block. */
function wholeNetwork(model: Model, target: Target, { roundedLayers = [], roundings = [] }: Rounding = {}) {
  const outputs = model.graph.output.map(({ name }) => name);
  const observed = target === 'onnxruntime' ? withOutputs(model, outputs) : model;
  const thresholds = Object.fromEntries(calibrationTensors(model).map((name) => [name, THRESHOLD]));
  const weights = new WeightScales(model);
  const quantized = quantizeModel({
    model: observed,
    target,
    plan: EMPTY_PLAN,
    thresholds,
    ranges: {},
    purpose: 'simulation',
    roundings,
    weights,
  });
  const whole = raiseOpset(quantized.model);
  const placement = placeQdq(observed, EMPTY_PLAN, target);
  const facts = {
    placement,
    scales: quantized.scales,
    biases: correctableBiases(graphFacts(observed), placement),
    corrections: [],
    roundedLayers: new Set(roundedLayers),
    model: whole,
    original: (name: string) => weights.tensor(name),
  };
  const part = learnablePart(partOf(whole, ['x'], outputs), facts);
  return { whole, facts, part, output: outputs[0] ?? '' };
}

/** The outputs of a model for the image, and for these values of its other inputs. */
async function run(
  model: Model,
  values: Readonly<Record<string, { data: Float32Array; dims: readonly number[] }>> = {},
  image = IMAGE,
) {
  const session = await InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { disable_quant_qdq: '1' } },
  });
  try {
    const given = Object.entries(values).map(
      ([name, { data, dims }]) => [name, new Tensor('float32', data, dims)] as const,
    );
    return await session.run({ x: new Tensor('float32', image, DIMS), ...Object.fromEntries(given) });
  } finally {
    await session.release();
  }
}

function feedsOf(parameters: readonly Parameter[]) {
  return Object.fromEntries(parameters.map(({ name, dims, initial }) => [name, { dims, data: initial }]));
}

async function dimsOf(model: Model, parameters: readonly Parameter[]): Promise<Map<string, readonly number[]>> {
  const types = elementTypes(model);
  const names = model.graph.node.flatMap(({ output }) => output).filter((name) => types.get(name) === DataType.FLOAT);
  const found = await run(withOutputs(model, names), feedsOf(parameters));
  return new Map([
    ['x', DIMS] as const,
    ...Object.entries(found).map(([name, { dims }]) => [name, dims] as const),
    ...parameters.map(({ name, dims }) => [name, dims] as const),
    ...model.graph.initializer.map(({ name, dims }) => [name, dims] as const),
  ]);
}

describe('learnablePart', () => {
  it.each(['tensorrt', 'onnxruntime'] as const)('computes what the quantized model computes: %s', async (target) => {
    const { whole, part, output } = wholeNetwork(residualNet(), target);
    const expected = (await run(whole))[output]?.data as Float32Array;
    const found = (await run(part.model, feedsOf(part.parameters)))[output]?.data as Float32Array;
    expect(found).toHaveLength(expected.length);
    const largest = Math.max(...expected.map(Math.abs));
    for (const [i, value] of expected.entries()) expect(Math.abs((found[i] ?? 0) - value)).toBeLessThan(largest / 50);
  });

  it('has one threshold for every scale and one bias for every quantized layer', () => {
    const { part } = wholeNetwork(residualNet(), 'tensorrt');
    const thresholds = part.parameters.flatMap(({ target }) => (target.kind === 'threshold' ? [target.tensors] : []));
    const biases = part.parameters.flatMap(({ target }) => (target.kind === 'bias' ? [target.bias.owner] : []));
    expect(biases).toEqual(['stem', 'c1', 'c2']);
    expect(new Set(thresholds.flat()).size).toBe(thresholds.flat().length);
    for (const { initial, target } of part.parameters)
      if (target.kind === 'threshold') expect(initial[0]).toBeCloseTo(Math.log(THRESHOLD), 6);
  });

  it('leaves a scale constant that is used outside the part', () => {
    const model = residualNet();
    const { whole, facts } = wholeNetwork(model, 'tensorrt');
    const learned = (inputs: readonly string[], outputs: readonly string[]): string[] =>
      learnablePart(partOf(whole, inputs, outputs), facts).parameters.flatMap(({ target }) =>
        target.kind === 'threshold' ? target.tensors : [],
      );
    // The first convolution of the branch and the shortcut read the same tensor.
    expect(learned(['x'], ['add:0'])).toEqual(['x', 'stem_relu:0', 'r1:0']);
    expect(learned(['x'], ['r1:0'])).toEqual(['x']);
    expect(learned(['stem_relu:0', 'r1:0'], ['add:0'])).toEqual(['r1:0']);
  });
});

describe('learned rounding', () => {
  const signsOf = (count: number): Float32Array => pseudoRandom(count, 77);
  const roundingsOf = (parameters: readonly Parameter[]): WeightRounding[] =>
    parameters.flatMap(({ target, initial }) =>
      target.kind === 'rounding'
        ? [
            packRounding(
              target.weight,
              target.rounded.scaled,
              roundedTo(target.rounded, hardened(signsOf(initial.length))),
            ),
          ]
        : [],
    );

  it('begins with the float weights', async () => {
    const model = residualNet();
    const { part, output } = wholeNetwork(model, 'tensorrt', { roundedLayers: ['c1', 'c2'] });
    const { part: plain } = wholeNetwork(model, 'tensorrt');
    const [soft, nearest] = [
      (await run(part.model, feedsOf(part.parameters)))[output]?.data as Float32Array,
      (await run(plain.model, feedsOf(plain.parameters)))[output]?.data as Float32Array,
    ];
    const float = (await run(model))[output]?.data as Float32Array;
    const errorOf = (found: Float32Array): number => float.reduce((sum, y, i) => sum + (y - (found[i] ?? 0)) ** 2, 0);
    expect(part.parameters.filter(({ target }) => target.kind === 'rounding')).toHaveLength(2);
    expect(errorOf(soft)).toBeLessThan(errorOf(nearest));
  });

  it.each(['tensorrt', 'onnxruntime'] as const)(
    'gives integers with which the quantized model computes the same: %s',
    async (target) => {
      const model = residualNet();
      const { part, output } = wholeNetwork(model, target, { roundedLayers: ['c1', 'c2'] });
      const values = part.parameters.map((parameter) => ({
        ...parameter,
        initial: parameter.target.kind === 'rounding' ? hardened(signsOf(parameter.initial.length)) : parameter.initial,
      }));
      const roundings = roundingsOf(part.parameters);
      const { whole } = wholeNetwork(model, target, { roundings });
      const expected = (await run(part.model, feedsOf(values)))[output]?.data as Float32Array;
      const found = (await run(whole))[output]?.data as Float32Array;
      const nearest = (await run(wholeNetwork(model, target).whole))[output]?.data as Float32Array;
      // A file has the integers, and computes the same.
      const file = materialize(whole);
      const types = new Map(file.graph.initializer.map(({ name, dataType }) => [name, dataType]));
      expect(types.get('c1.w_rounded')).toBe(target === 'tensorrt' ? DataType.INT8 : DataType.UINT8);
      expect((await run(file))[output]?.data).toEqual(found);
      const distance = (a: Float32Array): number =>
        Math.max(...expected.map((value, i) => Math.abs(value - (a[i] ?? 0))));
      const largest = Math.max(...expected.map(Math.abs));
      expect(distance(found)).toBeLessThan(largest / 50);
      expect(distance(nearest)).toBeGreaterThan(distance(found));
      expect(roundings.map(({ layer }) => layer)).toEqual(['c1', 'c2']);
    },
  );

  it('leaves weights alone that two layers share, and those that are rounded already', () => {
    const model = residualNet();
    const { part } = wholeNetwork(model, 'tensorrt', { roundedLayers: ['c1'] });
    const again = wholeNetwork(model, 'tensorrt', { roundedLayers: ['c1'], roundings: roundingsOf(part.parameters) });
    expect(again.part.parameters.some(({ target }) => target.kind === 'rounding')).toBe(false);
    const net = new Net();
    net.conv('first', 'x', 3, 16);
    net.conv('one', 'first:0', 16, 16);
    net.conv('two', 'one:0', 16, 16);
    const twice = net.model(['n', 3, 4, 4], 'two:0');
    const node = twice.graph.node.map((each) =>
      each.name === 'two' ? { ...each, input: [each.input[0] ?? '', 'one.w', ...each.input.slice(2)] } : each,
    );
    const shared = { ...twice, graph: { ...twice.graph, node } };
    const found = wholeNetwork(shared, 'tensorrt', { roundedLayers: ['one', 'two'] });
    expect(found.part.parameters.some(({ target }) => target.kind === 'rounding')).toBe(false);
  });
});

describe('stepModel', () => {
  it('has the gradients of roundings that finite differences give', async () => {
    const { part, output } = wholeNetwork(residualNet(), 'tensorrt', { roundedLayers: ['c2'] });
    const dims = await dimsOf(part.model, part.parameters);
    const step = stepModel(part, dims, { signals: [10], weightedSignal: null });
    const target = { dims: dims.get(output) ?? [], data: pseudoRandom(20, 5) };
    const at = part.parameters.findIndex(({ target: own }) => own.kind === 'rounding');
    const parameter = part.parameters[at] as Parameter;
    const found = async (data: Float32Array) =>
      await run(step.model, {
        ...feedsOf(part.parameters),
        [parameter.name]: { dims: parameter.dims, data },
        [step.targets[0] ?? '']: target,
      });
    const middle = new Float32Array(parameter.initial.length);
    const gradient = (await found(middle))[step.gradients[at] ?? '']?.data as Float32Array;
    const lossAt = async (by: number) =>
      (
        (await found(middle.map((value, i) => value + by * (gradient[i] ?? 0))))[step.loss]?.data as
          | Float32Array
          | undefined
      )?.[0] ?? 0;
    const size = gradient.reduce((sum, value) => sum + value * value, 0);
    const width = 3 / Math.sqrt(size);
    const slope = ((await lossAt(width)) - (await lossAt(-width))) / (2 * width);
    expect(slope / size).toBeGreaterThan(0.9);
    expect(slope / size).toBeLessThan(1.1);
  });

  it('prefers the threshold that suits values with weight', async () => {
    const net = new Net();
    const model = net.model(['n', 3, 4, 4], net.op('Conv', 'c', ['x', net.constant('c.w', [16, 3, 1, 1])]));
    const { part, output } = wholeNetwork(model, 'tensorrt');
    const dims = await dimsOf(part.model, part.parameters);
    // One pixel has small values, all others large ones. A threshold cannot suit both.
    const isSmall = (i: number): boolean => i % 16 === 0;
    const image = Float32Array.from({ length: 48 }, (_, i) => (isSmall(i) ? 0.02 : 6));
    const target = (await run(model, {}, image))[output]?.data as Float32Array;
    const weights = target.map((_, i) => (isSmall(i) ? 1 : 0));
    const sumOf = (own: Float32Array): number => target.reduce((sum, y, i) => sum + (own[i] ?? 1) * y * y, 0);
    const lossAt = async (threshold: number, weightedSignal: number | null): Promise<number> => {
      const step = stepModel(part, dims, { signals: [sumOf(Float32Array.of())], weightedSignal });
      const values = part.parameters.map((each) =>
        each.target.kind === 'threshold' ? { ...each, initial: Float32Array.of(Math.log(threshold)) } : each,
      );
      const given = [...step.targets.map((name) => [name, target]), ...step.weights.map((name) => [name, weights])];
      const feeds = Object.fromEntries(
        (given as [string, Float32Array][]).map(([name, data]) => [name, { data, dims: dims.get(output) ?? [] }]),
      );
      return (
        (
          (await run(step.model, { ...feedsOf(values), ...feeds }, image))[step.loss]?.data as Float32Array | undefined
        )?.[0] ?? 0
      );
    };
    const weighted = sumOf(weights);
    expect(await lossAt(0.02, null)).toBeGreaterThan(2 * (await lossAt(6, null)));
    expect(await lossAt(6, weighted)).toBeGreaterThan(2 * (await lossAt(0.02, weighted)));
  });

  it.each([null, 0])(
    'learns nothing from an output that is always 0, with weights of sum %j',
    async (weightedSignal) => {
      const { part, output } = wholeNetwork(residualNet(), 'tensorrt');
      const dims = await dimsOf(part.model, part.parameters);
      const step = stepModel(part, dims, { signals: [0], weightedSignal });
      const zeros = { dims: dims.get(output) ?? [], data: new Float32Array(20) };
      const given = [...step.targets, ...step.weights].map((name) => [name, zeros] as const);
      const found = await run(step.model, { ...feedsOf(part.parameters), ...Object.fromEntries(given) });
      expect(found[step.loss]?.data).toEqual(Float32Array.of(0));
      const gradients = step.gradients.flatMap((name) => [...((found[name ?? '']?.data as Float32Array) ?? [])]);
      expect(gradients.length).toBeGreaterThan(20);
      expect(gradients.every((value) => value === 0)).toBe(true);
    },
  );

  it('has the gradients of LSQ for thresholds', async () => {
    const net = new Net();
    const model = net.model(['n', 3, 4, 4], net.conv('c', 'x', 3, 16));
    const { part, output } = wholeNetwork(model, 'tensorrt');
    const dims = await dimsOf(part.model, part.parameters);
    const step = stepModel(part, dims, { signals: [10], weightedSignal: null });
    const target = { dims: dims.get(output) ?? [], data: pseudoRandom(256, 5) };
    const found = await run(step.model, { ...feedsOf(part.parameters), [step.targets[0] ?? '']: target });
    const at = part.parameters.findIndex(({ target: own }) => own.kind === 'threshold');
    const gradient = (found[step.gradients[at] ?? '']?.data as Float32Array | undefined)?.[0] ?? 0;

    const y = (await run(part.model, feedsOf(part.parameters)))[output]?.data as Float32Array;
    const weights = tensorAsFloat32(model.graph.initializer.find(({ name }) => name === 'c.w') as never);
    const channels = Array.from({ length: 16 }, (_, c) => weights.slice(3 * c, 3 * c + 3));
    const scale = THRESHOLD / 127;
    let expected = 0;
    for (let channel = 0; channel < 3; channel++) {
      for (let pixel = 0; pixel < 16; pixel++) {
        const x = IMAGE[16 * channel + pixel] ?? 0;
        // The gradient with respect to the quantized input, through weights in INT8.
        const through = channels.reduce((sum, own, c) => {
          const step8 = Math.max(...own.map(Math.abs)) / 127;
          const weight = Math.round((own[channel] ?? 0) / step8) * step8;
          return sum + (2 / 10) * ((y[16 * c + pixel] ?? 0) - (target.data[16 * c + pixel] ?? 0)) * weight;
        }, 0);
        const ratio = x / scale;
        const quantized = Math.max(-128, Math.min(127, Math.round(ratio)));
        expected += through * scale * (Math.abs(ratio) <= 127 ? quantized - ratio : quantized);
      }
    }
    expect(gradient).toBeCloseTo(expected, 4);
  });

  it('has the gradients of biases that finite differences give', async () => {
    const { part, output } = wholeNetwork(residualNet(), 'tensorrt');
    const dims = await dimsOf(part.model, part.parameters);
    const step = stepModel(part, dims, { signals: [10], weightedSignal: null });
    const target = { dims: dims.get(output) ?? [], data: pseudoRandom(20, 5) };
    const lossFor = async (feeds: ReturnType<typeof feedsOf>) =>
      await run(step.model, { ...feeds, [step.targets[0] ?? '']: target });
    // The last convolution: nothing behind it rounds its output but the mean's input, whose steps are averaged.
    const at = part.parameters.findIndex(({ target: own }) => own.kind === 'bias' && own.bias.owner === 'c2');
    const parameter = part.parameters[at] as Parameter;
    const gradient = (await lossFor(feedsOf(part.parameters)))[step.gradients[at] ?? '']?.data as Float32Array;
    const moved = async (by: number) => {
      const data = parameter.initial.map((value, i) => value + by * (gradient[i] ?? 0));
      const found = await lossFor({ ...feedsOf(part.parameters), [parameter.name]: { dims: parameter.dims, data } });
      return (found[step.loss]?.data as Float32Array | undefined)?.[0] ?? 0;
    };
    const size = gradient.reduce((sum, value) => sum + value * value, 0);
    const width = 0.3 / Math.sqrt(size);
    const slope = ((await moved(width)) - (await moved(-width))) / (2 * width);
    expect(slope / size).toBeGreaterThan(0.9);
    expect(slope / size).toBeLessThan(1.1);
  });
});
