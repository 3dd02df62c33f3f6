import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { summarizeAnswers } from '../../../src-main/analysis/answers';
import { createTaskReader } from '../../../src-main/analysis/task-reader';
import { outputErrors, VariantEvaluator } from '../../../src-main/analysis/variant-evaluator';
import { makeNode } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { writeModel } from '../../../src-main/onnx/wire/wire-writer';
import { feedingFor, preparedImage } from '../../support/feeding';
import { useTempDirs } from '../../support/temp-dir';
import { tinyModel } from '../../support/tiny-project';

const tempDir = useTempDirs();
const FEEDING = feedingFor({ name: 'input', fixedBatch: null, channels: 3, height: 16, width: 16, layout: 'nchw' });
const IMAGES = [0.1, 0.4, 0.9].map((value) =>
  preparedImage('input', [3, 16, 16], new Float32Array(3 * 16 * 16).fill(value)),
);

const ENTRY = { path: '/a.png', file: 'a.png', label: null, group: null, record: null };

/** The tiny model with one op or several behind its logits. */
function behindLogits(...ops: readonly string[]): Model {
  const tiny = tinyModel();
  const node = tiny.graph.node.map((each) => (each.name === 'head' ? { ...each, output: ['raw0'] } : each));
  const last = ops.map((op, i) =>
    makeNode(op, [`raw${i}`], [i === ops.length - 1 ? 'logits' : `raw${i + 1}`], { name: `last${i}` }),
  );
  return { ...tiny, graph: { ...tiny.graph, node: [...node, ...last] } };
}

async function evaluate(variant: Model) {
  const dir = tempDir();
  await writeModel(tinyModel(), join(dir, 'fp32.onnx'));
  await writeModel(variant, join(dir, 'variant.onnx'));
  const runnable = (name: string) => ({
    kind: 'onnx' as const,
    variant: name,
    modelPath: join(dir, `${name}.onnx`),
    weightsDir: null,
    simulate: false,
    hasFp16: false,
  });
  const evaluator = await VariantEvaluator.open([runnable('fp32'), runnable('variant')], {
    feeding: FEEDING,
    reader: createTaskReader(null),
  });
  const answers = (
    await Promise.all(IMAGES.map((image) => evaluator.evaluate([{ entry: ENTRY, image, mask: null }])))
  ).map(([answer]) => answer ?? []);
  return summarizeAnswers(answers.map((answer) => answer[1] ?? null));
}

describe('VariantEvaluator', () => {
  it('finds an equal model equal', async () => {
    const { predictions, outputSqnrDb, outputs } = await evaluate(tinyModel());
    expect(outputSqnrDb).toBe(Number.POSITIVE_INFINITY);
    expect(outputs[0]?.cosine).toBeCloseTo(1);
    expect([...(predictions?.top1 ?? [])].every((answer) => answer >= 0)).toBe(true);
  });

  it('measures the error of another model: the negative has twice the signal as error', async () => {
    const { outputSqnrDb, outputs } = await evaluate(behindLogits('Neg'));
    expect(outputSqnrDb).toBeCloseTo(10 * Math.log10(1 / 4));
    expect(outputs[0]?.cosine).toBeCloseTo(-1);
  });

  it('takes NaN for no answer, which agrees with nothing', async () => {
    const nan = behindLogits('Neg', 'Sqrt'); // some logits are positive
    const { predictions, outputs, outputSqnrDb } = await evaluate(nan);
    expect([...(predictions?.top1 ?? [])]).toEqual([-1, -1, -1]);
    expect([outputSqnrDb, outputs[0]?.notFinite]).toEqual([Number.NEGATIVE_INFINITY, true]);
  });
});

describe("outputs of another size than FP32's", () => {
  const boxes = (count: number) => ({ name: 'boxes', dims: [count, 4], data: new Float32Array(4 * count) });
  const map = { name: 'map', dims: [1, 2], data: Float32Array.of(1, 2) };

  it('are left out, if others can be compared or the task compares answers', () => {
    expect(outputErrors([boxes(3), map], [boxes(2), map]).map(({ name }) => name)).toEqual(['map']);
    expect(outputErrors([boxes(3)], [boxes(2)], true)).toEqual([]);
  });

  it('are an error if nothing else can be compared', () => {
    expect(() => outputErrors([boxes(3)], [boxes(2)])).toThrow(
      'Output "boxes" has 12 values here and 8 in the FP32 model',
    );
  });
});
