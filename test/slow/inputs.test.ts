import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CalibrateResult, ValidateResult } from '../../src-shared/contract/job-results';
import { floatTensor, intAttr, int64Tensor, intsAttr, makeNode, makeValueInfo } from '../../src-main/onnx/graph/make';
import { DataType, type Graph, type Model, type Node, type Tensor } from '../../src-main/onnx/graph/model';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import { calibJson } from '../support/calib-process';
import { initArguments } from '../support/project-fixture';
import { tinyModel, writeTinyImages } from '../support/tiny-project';

vi.setConfig({ testTimeout: 600_000 });

let dir = '';
let images = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-inputs-'));
  images = join(dir, 'images');
  await writeTinyImages(images, 12);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The tiny model with other inputs and with layers between them and its first convolution, which reads `ready`. */
function withInputs(inputs: Graph['input'], before: readonly Node[] = [], constants: readonly Tensor[] = []): Model {
  const tiny = tinyModel();
  const ready = before.length === 0 ? (inputs[0]?.name ?? '') : 'ready';
  const node = tiny.graph.node.map((each) => (each.name === 'conv0' ? { ...each, input: [ready, 'w0', 'b0'] } : each));
  return {
    ...tiny,
    graph: {
      ...tiny.graph,
      input: inputs,
      node: [...before, ...node],
      initializer: [...tiny.graph.initializer, ...constants],
    },
  };
}

const { FLOAT, INT64, UINT8 } = DataType;
const toFloat = { attributes: [intAttr('to', FLOAT)] };

const MODELS: readonly (readonly [string, Model, readonly string[]])[] = [
  ['every size open', withInputs([makeValueInfo('x', FLOAT, ['N', 'C', 'H', 'W'])]), []],
  ['a size by image', withInputs([makeValueInfo('x', FLOAT, ['N', 3, 'H', 'W'])]), ['--resize-long', '24']],
  [
    'bytes in NHWC',
    withInputs(
      [makeValueInfo('x', UINT8, ['N', -1, -1, 3])],
      [
        makeNode('Cast', ['x'], ['f'], { name: 'cast', ...toFloat }),
        makeNode('Mul', ['f', 'k'], ['s'], { name: 'scale' }),
        makeNode('Transpose', ['s'], ['ready'], { name: 'nchw', attributes: [intsAttr('perm', [0, 3, 1, 2])] }),
      ],
      [floatTensor('k', [1], [1 / 255])],
    ),
    [],
  ],
  [
    'PaddleDetection: scale_factor',
    withInputs(
      [makeValueInfo('image', FLOAT, ['N', 3, 'H', 'W']), makeValueInfo('scale_factor', FLOAT, ['N', 2])],
      [
        makeNode('ReduceMean', ['scale_factor'], ['m'], { name: 'mean', attributes: [intsAttr('axes', [1])] }),
        makeNode('Reshape', ['m', 'each'], ['r'], { name: 'reshape' }),
        makeNode('Mul', ['image', 'r'], ['ready'], { name: 'mul' }),
      ],
      [int64Tensor('each', [4], [-1, 1, 1, 1])],
    ),
    [],
  ],
  [
    'DETR: a mask of the padding',
    withInputs(
      [makeValueInfo('pixel_values', FLOAT, ['N', 3, 'H', 'W']), makeValueInfo('pixel_mask', INT64, ['N', 'H', 'W'])],
      [
        makeNode('Cast', ['pixel_mask'], ['f'], { name: 'cast', ...toFloat }),
        makeNode('Unsqueeze', ['f', 'axis'], ['u'], { name: 'unsqueeze' }),
        makeNode('Mul', ['pixel_values', 'u'], ['ready'], { name: 'mul' }),
      ],
      [int64Tensor('axis', [1], [1])],
    ),
    ['--letterbox', '24x16'],
  ],
];

/** The models that go through all commands; the others through those that run them. */
const WHOLE_TOUR = ['bytes in NHWC', 'PaddleDetection: scale_factor'];

describe('models with unusual inputs', () => {
  it.each(MODELS)('%s: go through the commands', async (name, model, flags) => {
    const at = join(dir, name.replaceAll(/\W+/g, '-'));
    const path = `${at}.calib`;
    await writeModel(model, `${at}.onnx`);
    await calibJson(...initArguments({ model: `${at}.onnx`, images, project: path }, ...flags));
    await calibJson('set', path, '--method', 'minmax');
    expect(await calibJson<CalibrateResult>('calibrate', path)).toMatchObject({ images: 12, skipped: [] });
    for (const target of ['onnxruntime', 'tensorrt'])
      await calibJson('quantize', path, '--target', target, '-o', `${at}.${target}.onnx`);
    const { variants } = await calibJson<ValidateResult>('validate', path, '--variants', 'fp32,int8');
    expect(variants.map(({ agreement }) => agreement ?? 0).every((agreement) => agreement > 50)).toBe(true);
    if (!WHOLE_TOUR.includes(name)) return;
    // A search ranks the layers as sensitivity does, and a run times what it validates.
    await calibJson('inspect', `${at}.onnx`);
    await calibJson('thresholds', path);
    await calibJson('search', path, '--method', 'minmax', '--max-layers', '1');
    await calibJson('health', path, '--against', images);
    await calibJson('run', path, '--rounds', '2', '--variants', 'fp32,int8-minmax,mixed');
  });
});
