import { describe, expect, test } from 'vitest';
import { OrtSession, refusedModel } from '../../../src-main/backends/ort-session';
import { intAttr, intsAttr, makeNode } from '../../../src-main/onnx/graph/make';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { buildModel } from '../../support/onnx-builder';

/** Joins the products of the rows with the rows: runs on square images only. */
function session(size: number | string): Promise<OrtSession> {
  const model = buildModel({
    inputs: { x: [1, 3, size, size] },
    outputs: { y: null },
    nodes: [
      makeNode('Transpose', ['x'], ['t'], { attributes: [intsAttr('perm', [0, 1, 3, 2])] }),
      makeNode('MatMul', ['x', 't'], ['m']),
      makeNode('Concat', ['m', 'x'], ['y'], { attributes: [intAttr('axis', 1)] }),
    ],
  });
  return OrtSession.open({
    model: encodeModel(model),
    weightsDir: null,
    threads: 1,
    simulate: false,
    hasFp16: false,
  });
}

const feed = (name: string, dims: readonly number[]) => ({
  name,
  dtype: 'float32' as const,
  dims,
  data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)),
});

describe('a model that does not run on its input', () => {
  test('an operator that refuses the size: the input, the operator, and another size as advice', async () => {
    const open = await session('side');
    await expect(open.run([feed('x', [1, 3, 4, 6]), feed('unused', [1])])).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(
        /^The model does not run on an input of "x" 1x3x4x6: Non-zero status .* Concat node[^\n]*$/,
      ) as unknown,
      advice: { id: 'choose-input-size', values: { input: 'x' } },
    });
    expect((await open.run([feed('x', [1, 3, 4, 4])]))[0]?.dims).toEqual([1, 6, 4, 4]);
    await open.close();
  });

  test('a missing input is a mistake of the program and stays as it is', async () => {
    const open = await session('side');
    await expect(open.run([])).rejects.not.toMatchObject({ code: 'model-unsupported' });
    await open.close();
  });
});

describe('refusedModel', () => {
  test('names the operator that ONNX Runtime does not have, and what to do', () => {
    const error = refusedModel(new Error('Fatal error: my.domain:MyOp(-1) is not a registered function/op'));
    expect(error.hint).toContain('in place of my.domain:MyOp');
    const plugin = "Could not find an implementation for EfficientNMS_TRT(1) node with name 'nms'";
    expect(refusedModel(new Error(plugin)).hint).toMatch(/in place of EfficientNMS_TRT, .*backend tensorrt/);
    expect(refusedModel(new Error('Invalid model')).hint).toBeUndefined();
  });
});
