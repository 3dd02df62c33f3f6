import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import { checkRuns, checkStructure, type MadeModel } from '../../../src-main/compute/tasks/check-written';
import type { Model } from '../../../src-main/onnx/graph/model';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { writeModel } from '../../../src-main/onnx/wire/wire-writer';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import { useTempDirs } from '../../support/temp-dir';
import { Net } from '../quantization/graphs';

/** ONNX Runtime has no kernel for TensorRT's plugins. */
function netWith(opType: string): Model {
  const net = new Net();
  const before = net.op('Relu', 'before', [net.conv('stem', 'x', 4, 4)]);
  const behind = net.op('Relu', 'behind', [net.conv('second', net.op(opType, 'middle', [before]), 4, 4)]);
  return prepareModel(net.model(['n', 4, 4, 4], net.conv('head', behind, 4, 2), 19)).model;
}

function made(prepared: Model): MadeModel {
  const thresholds = Object.fromEntries(calibrationTensors(prepared).map((name) => [name, 4]));
  const { model, hasFp16 } = quantizeModel({
    model: prepared,
    target: 'onnxruntime',
    plan: EMPTY_PLAN,
    thresholds,
    ranges: {},
  });
  return { target: 'onnxruntime', prepared, made: materialize(model), hasFp16 };
}

async function write(model: MadeModel): Promise<string> {
  const path = join(temporaryFolder(), 'made.onnx');
  await writeModel(model.made, path, {}, { check: (written, bytes) => checkRuns(written, bytes, model) });
  return path;
}

const temporaryFolder = useTempDirs();

describe('a written model', () => {
  it('is kept when ONNX Runtime runs it', async () => {
    expect(existsSync(await write(made(netWith('Sigmoid'))))).toBe(true);
  });

  it('is refused when ONNX Runtime does not run it, naming the layer and what to do; nothing is left', async () => {
    const model = made(netWith('Unknown_TRT'));
    const folder = temporaryFolder();
    const writing = writeModel(
      model.made,
      join(folder, 'made.onnx'),
      {},
      { check: (written, bytes) => checkRuns(written, bytes, model) },
    );
    await expect(writing).rejects.toMatchObject({
      code: 'model-invalid',
      message: expect.stringContaining('does not run at Unknown_TRT "middle" and was not kept') as unknown,
      hint: expect.stringContaining('operator of a TensorRT plugin') as unknown,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused when the rewrite broke its structure, which is told from what the model had before', () => {
    const model = made(netWith('Sigmoid'));
    expect(() => checkStructure(model)).not.toThrow();
    const { graph } = model.made;
    const broken: MadeModel = {
      ...model,
      made: { ...model.made, graph: { ...graph, node: graph.node.filter(({ name }) => name !== 'stem') } },
    };
    expect(() => checkStructure(broken)).toThrow(/"stem:0", which nothing before it defines/);
    expect(() => checkStructure({ ...broken, prepared: broken.made })).not.toThrow();
  });
});
