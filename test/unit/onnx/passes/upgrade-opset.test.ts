import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  floatAttr,
  floatsAttr,
  floatTensor,
  intAttr,
  makeNode,
  stringAttr,
} from '../../../../src-main/onnx/graph/make';
import { defaultOpset } from '../../../../src-main/onnx/graph/opset';
import { prepareModel } from '../../../../src-main/onnx/passes/prepare';
import { upgradeOpset } from '../../../../src-main/onnx/passes/upgrade-opset';
import { readModel } from '../../../../src-main/onnx/wire/wire-reader';
import { buildModel } from '../../../support/onnx-builder';
import { writeModel } from '../../../../src-main/onnx/wire/wire-writer';
import { hasPythonOnnx, python } from '../python-onnx';
import { relativeDifference, runModel } from '../run-ort';
import { MAKE_OLD_MODELS } from '../upgrade-models';

describe.skipIf(!hasPythonOnnx())('models of opset 7 to 12 made by onnx.helper', () => {
  const dir = mkdtempSync(join(tmpdir(), 'onnx-upgrade-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const cases = hasPythonOnnx()
    ? python(MAKE_OLD_MODELS, dir)
        .split('\n')
        .map((line) => line.replace(' ', '-'))
    : [];

  test('all were made', () => expect(cases.length).toBeGreaterThan(200));

  test.each(cases)('%s computes the same', async (name) => {
    const path = join(dir, `${name}.onnx`);
    const original = readModel(path);
    const upgraded = upgradeOpset(original, []);
    expect(defaultOpset(upgraded)).toBe(13);
    const expected = await runModel(original, path);
    expect(relativeDifference(expected, await runModel(upgraded))).toBeLessThan(1e-6);
    expect(relativeDifference(expected, await runModel(prepareModel(original).model))).toBeLessThan(1e-5);
  });

  test('the checker accepts all of them', async () => {
    for (const name of cases)
      await writeModel(prepareModel(readModel(join(dir, `${name}.onnx`))).model, join(dir, `${name}-prepared.onnx`));
    const script =
      'import glob, onnx, sys\nfor f in glob.glob(sys.argv[1] + "/*-prepared.onnx"):\n  try: onnx.checker.check_model(f, full_check=True)\n  except Exception as e: print(f, e)';
    expect(python(script, dir)).toBe('');
  });
});

describe('what cannot be upgraded exactly is refused by name', () => {
  const x = { inputs: { x: [1, 2, 3, 4] }, outputs: { y: null } };
  const cases: readonly [string, number, ReturnType<typeof makeNode>, string][] = [
    [
      'spatial',
      8,
      makeNode('BatchNormalization', ['x', 'p', 'p', 'p', 'p'], ['y'], {
        name: 'bn1',
        attributes: [intAttr('spatial', 0)],
      }),
      'BatchNormalization "bn1" of opset 8',
    ],
    [
      'training',
      9,
      makeNode('BatchNormalization', ['x', 'p', 'p', 'p', 'p'], ['y', 'mean'], { name: 'bn1' }),
      'outputs of training',
    ],
    ['scales', 9, makeNode('Upsample', ['x', 'x'], ['y'], { name: 'up' }), 'computed while it runs'],
    [
      'mixed',
      7,
      makeNode('Upsample', ['x'], ['y'], { name: 'up', attributes: [floatsAttr('scales', [1, 1, 2, 0.5])] }),
      'grows one axis and shrinks another',
    ],
    [
      'mode',
      11,
      makeNode('Resize', ['x', '', 'p'], ['y'], {
        name: 'r',
        attributes: [stringAttr('coordinate_transformation_mode', 'tf_half_pixel_for_nn')],
      }),
      'tf_half_pixel_for_nn',
    ],
    [
      'removed',
      7,
      makeNode('ImageScaler', ['x'], ['y'], { name: 's', attributes: [floatAttr('scale', 2)] }),
      'ImageScaler "s"',
    ],
    ['scan', 8, makeNode('Scan', ['', 'x'], ['y'], { name: 'sc' }), 'Scan "sc"'],
  ];
  test.each(cases)('%s', (_, opset, node, text) => {
    const model = buildModel({ ...x, opset, nodes: [node], initializers: [floatTensor('p', [2], [1, 1])] });
    expect(() => upgradeOpset(model, [])).toThrow(
      expect.objectContaining({ code: 'model-unsupported', message: expect.stringContaining(text) as string }),
    );
  });

  test('a Dropout before opset 10 whose mask is used', () => {
    const nodes = [makeNode('Dropout', ['x'], ['a', 'mask'], { name: 'd' }), makeNode('Mul', ['a', 'mask'], ['y'])];
    expect(() => upgradeOpset(buildModel({ ...x, opset: 8, nodes }), [])).toThrow(/mask output is used/);
  });
});

test('a model of opset 13 or later is left as it is', () => {
  const model = buildModel({
    inputs: { x: [1] },
    outputs: { y: null },
    nodes: [makeNode('Relu', ['x'], ['y'])],
    opset: 17,
  });
  expect(upgradeOpset(model, [])).toBe(model);
});
