import { describe, expect, it } from 'vitest';
import { blockedModel } from '../../../src-main/backends/blocked-model';
import { blockSize } from '../../../src-main/backends/block-size';
import { OrtSession } from '../../../src-main/backends/ort-session';
import { graphFacts } from '../../../src-main/quantization/rules/graph-facts';
import { floatTensor, intAttr, intsAttr, makeNode } from '../../../src-main/onnx/graph/make';
import type { Graph, Model } from '../../../src-main/onnx/graph/model';
import { staticShapes } from '../../../src-main/onnx/graph/static-shapes';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import {
  loadPrepared,
  preparedModel,
  preparedWeights,
  storePrepared,
} from '../../../src-main/onnx/passes/prepared-store';
import { parseModel } from '../../../src-main/onnx/wire/wire-reader';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import type { Precision } from '../../../src-shared/domain/project/precision';
import { buildModel } from '../../support/onnx-builder';
import { createRandom } from '../../support/random';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();
const random = createRandom(7);

function conv(input: string, output: string, [from, to, kernel]: readonly [number, number, number]) {
  const values = Array.from({ length: to * from * kernel * kernel }, () => (random() * 2 - 1) / (kernel * 3));
  const pad = (kernel - 1) / 2;
  return {
    node: makeNode('Conv', [input, `${output}.w`], [output], {
      name: output,
      attributes: [intsAttr('kernel_shape', [kernel, kernel]), intsAttr('pads', [pad, pad, pad, pad])],
    }),
    weights: floatTensor(`${output}.w`, [to, from, kernel, kernel], values),
  };
}

/** Everything that stands between the convolutions of usual networks. */
function network(): Model {
  const convs = [
    conv('x', 'stem', [3, 20, 3]),
    conv('clipped', 'a', [20, 32, 3]),
    conv('silu', 'b', [32, 32, 3]),
    conv('pooled', 'c', [32, 16, 1]),
    conv('c', 'd', [16, 48, 3]),
    conv('joined', 'e', [64, 32, 1]),
  ];
  const node = [
    makeNode('Clip', ['stem', 'zero', 'six'], ['clipped'], { name: 'clipped' }),
    makeNode('Sigmoid', ['a'], ['gate'], { name: 'gate' }),
    makeNode('Mul', ['a', 'gate'], ['silu'], { name: 'silu' }),
    makeNode('Add', ['b', 'silu'], ['sum'], { name: 'sum' }),
    makeNode('MaxPool', ['sum'], ['pooled'], { name: 'pooled', attributes: [intsAttr('kernel_shape', [2, 2])] }),
    makeNode('Concat', ['c', 'd'], ['joined'], { name: 'joined', attributes: [intAttr('axis', 1)] }),
    makeNode('Relu', ['e'], ['relu'], { name: 'relu' }),
    makeNode('GlobalAveragePool', ['relu'], ['mean'], { name: 'mean' }),
  ];
  return buildModel({
    inputs: { x: ['N', 3, 10, 12] },
    outputs: { mean: null, sum: null },
    nodes: [...convs.map((own) => own.node), ...node],
    initializers: [...convs.map(({ weights }) => weights), floatTensor('zero', [], [0]), floatTensor('six', [], [0.9])],
  });
}

async function open(precisions: Readonly<Record<string, Precision>> = {}) {
  const dir = tempDir();
  await storePrepared(prepareModel(network()).model, dir);
  const prepared = loadPrepared(dir);
  const names = [
    ...prepared.graph.input.map(({ name }) => name),
    ...graphFacts(prepared).nodes.flatMap((n) => n.output),
  ];
  const { model, hasFp16 } = quantizeModel({
    model: prepared,
    target: 'tensorrt',
    plan: { layers: precisions },
    thresholds: Object.fromEntries(names.map((name) => [name, 1.5])),
    ranges: Object.fromEntries(names.map((name) => [name, [-2, 2] as const])),
    purpose: 'simulation',
  });
  const plain = encodeModel(model, { externalTo: preparedWeights(dir) });
  const shapes = staticShapes(prepared.graph);
  const blocked = await blockedModel({ model: plain, preparedDir: dir, hasFp16, shapes });
  const options = { weightsDir: dir, threads: 1, simulate: true, hasFp16 };
  return {
    graph: parseModel(blocked, 'blocked', preparedModel(dir)).graph,
    sessions: [
      await OrtSession.open({ ...options, model: plain }),
      await OrtSession.open({ ...options, model: blocked, asWritten: true }),
    ],
  };
}

async function bitsOf(session: OrtSession, images: number): Promise<Buffer[]> {
  const own = createRandom(4);
  const dims = [images, 3, 10, 12];
  const data = Float32Array.from({ length: images * 360 }, () => own() * 4 - 2);
  const outputs = await session.run([{ name: 'x', dtype: 'float32', dims, data }]);
  return outputs.map(({ data: values }) => Buffer.from(values?.slice().buffer ?? new ArrayBuffer(0)));
}

/** Q/DQ that read a reordered copy. */
function reorderedConversions({ node }: Graph): string[] {
  const reordered = new Set(node.filter(({ opType }) => opType === 'ReorderOutput').flatMap(({ output }) => output));
  return node
    .filter(({ opType, input }) => opType === 'QuantizeLinear' && reordered.has(input[0] ?? ''))
    .map(({ output }) => output[0] ?? '');
}

describe('a model with Q/DQ in groups of channels', () => {
  it('gives the same bits for any number of images, without reordered copies in front of Q/DQ', async () => {
    const { graph, sessions } = await open();
    for (const images of [1, 3]) {
      const [plain, blocked] = await Promise.all(sessions.map((session) => bitsOf(session, images)));
      expect(plain?.some((bytes) => bytes.some((byte) => byte !== 0))).toBe(true);
      expect(blocked).toEqual(plain);
    }
    for (const session of sessions) await session.close();
    if ((await blockSize()) === null) return;
    expect(reorderedConversions(graph)).toEqual([]);
    expect(graph.node.filter(({ opType }) => opType === 'ReorderInput')).toHaveLength(0);
  });

  it('gives the same bits where layers compute in FP16 and FP32', async () => {
    const { sessions } = await open({ a: 'fp16', d: 'fp32', joined: 'fp16' });
    const [plain, blocked] = await Promise.all(sessions.map((session) => bitsOf(session, 2)));
    expect(blocked).toEqual(plain);
    for (const session of sessions) await session.close();
  });
});
