import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Trial } from '../../../src-main/analysis/trials';
import { TrialModels, withLogits } from '../../../src-main/compute/trials/trial-models';
import { ProgramMaker } from '../../../src-main/compute/trials/trial-program';
import { makeNode } from '../../../src-main/onnx/graph/make';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { storePrepared } from '../../../src-main/onnx/passes/prepared-store';
import { quantizedParts } from '../../../src-main/quantization/rewrite/calibration-tensors';
import type { Target } from '../../../src-shared/domain/project/precision';
import { generatedOnnx } from '../../support/generated-onnx';
import { useTempDirs } from '../../support/temp-dir';
import { tinyModel } from '../../support/tiny-project';

const tempDir = useTempDirs();

const tiny = tinyModel();
const [logits] = tiny.graph.output;

function endingWith(opType: string): typeof tiny {
  const { graph } = tiny;
  if (!logits) throw new Error('the tiny model has an output');
  return {
    ...tiny,
    graph: {
      ...graph,
      node: [...graph.node, makeNode(opType, ['logits'], ['answer'], { name: 'last' })],
      output: [{ ...logits, name: 'answer' }],
    },
  };
}

describe('withLogits', () => {
  it.each(['Softmax', 'LogSoftmax'])('looks at what goes into a final %s', (opType) => {
    expect(withLogits(endingWith(opType)).graph.output.map(({ name }) => name)).toEqual(['logits']);
  });

  it('leaves every other output as it is', () => {
    expect(withLogits(tiny)).toEqual(tiny);
    expect(withLogits(endingWith('Sigmoid')).graph.output.map(({ name }) => name)).toEqual(['answer']);
  });
});

describe('TrialModels', () => {
  afterEach(() => vi.restoreAllMocks());

  async function opened(target: Target) {
    const { model } = prepareModel(generatedOnnx(24, 32));
    const dir = tempDir();
    await storePrepared(model, dir);
    const names = [...model.graph.input, ...model.graph.output].map(({ name }) => name);
    const tensors = [...new Set([...names, ...model.graph.node.flatMap(({ output }) => output)])];
    const ranges = Object.fromEntries(tensors.map((name) => [name, [-2, 2] as const]));
    const options = { inputDims: new Map([['input', [1, 3, 16, 16]]]) };
    return { model, tensors, models: () => new TrialModels(dir, target, ranges, options) };
  }

  const trialOf = (tensors: readonly string[], plan: Trial['plan'], changes: Record<string, number>): Trial => ({
    plan,
    thresholds: { ...Object.fromEntries(tensors.map((name) => [name, 2])), ...changes },
  });

  it.each(['int8', 'fp16'] as const)(
    'writes a model once for all thresholds, with %s beside INT8',
    async (precision) => {
      const { model, tensors, models } = await opened('tensorrt');
      const { layers, tensors: quantized } = quantizedParts(model, { layers: {} }, 'tensorrt');
      const plan = { layers: Object.fromEntries(layers.slice(1, 4).map(({ name }) => [name, precision])) };
      const trials = [
        trialOf(tensors, plan, {}),
        ...quantized.map((tensor, i) => trialOf(tensors, plan, { [tensor]: 1 + i / 7 })),
      ];
      const expected = trials.map((trial) => models().of(trial));
      const make = vi.spyOn(ProgramMaker.prototype, 'make');
      const one = models();
      expect(trials.map((trial) => one.of(trial))).toEqual(expected);
      expect(make).toHaveBeenCalledTimes(1);
      const keys = expected.map(({ steps }) => steps.map(({ key }) => key).join());
      expect(new Set(keys).size).toBeGreaterThan(quantized.length / 2);
    },
  );

  it('writes a model again for another plan, and where FP16 cannot hold a scale', async () => {
    const { model, tensors, models } = await opened('tensorrt');
    const { layers, tensors: quantized } = quantizedParts(model, { layers: {} }, 'tensorrt');
    const plan = { layers: Object.fromEntries(layers.slice(1, 4).map(({ name }) => [name, 'fp16' as const])) };
    const trials = [
      trialOf(tensors, { layers: {} }, {}),
      trialOf(tensors, plan, {}),
      trialOf(tensors, plan, Object.fromEntries(quantized.map((tensor) => [tensor, 1e-9]))),
      trialOf(tensors, plan, { [quantized[0] ?? '']: 1 }),
    ];
    const one = models();
    expect(trials.map((trial) => one.of(trial))).toEqual(trials.map((trial) => models().of(trial)));
  });

  it('writes the bounds of activation functions and biases on integers anew', async () => {
    const { tensors, models } = await opened('onnxruntime');
    const plan = { layers: {} };
    const trials = [trialOf(tensors, plan, {}), trialOf(tensors, plan, Object.fromEntries(tensors.map((n) => [n, 1])))];
    const one = models();
    expect(trials.map((trial) => one.of(trial))).toEqual(trials.map((trial) => models().of(trial)));
  });
});
