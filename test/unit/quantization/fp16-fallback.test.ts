import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { EMPTY_PLAN, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { FP16_UNSAFE_PASSES } from '../../../src-main/backends/fp16-passes';
import { graphAttr, intAttr, intsAttr, int64Tensor, floatScalar, makeNode } from '../../../src-main/onnx/graph/make';
import { float16ToFloat32 } from '../../../src-main/onnx/graph/fp16';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import { defaultOpset } from '../../../src-main/onnx/graph/opset';
import { raiseOpset } from '../../../src-main/onnx/passes/raise-opset';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { withFp16Io } from '../../../src-main/quantization/fp16/fp16-io';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { fp16Bits } from '../../../src-main/quantization/rules/number-formats';
import { placeQdq, quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import { buildGraph, buildModel, pseudoRandom } from '../../support/onnx-builder';
import { hasPythonOnnx, python } from '../onnx/python-onnx';
import { Net } from './graphs';

/**
 * What exporters come up with, in one model of opset 13: a dynamic batch, two inputs, two outputs, a weight that two
 * layers share, a LayerNormalization and a GELU node by node, a Split without sizes, an If whose bodies read an outer
 * tensor.
 */
function messyModel(): Model {
  const net = new Net();
  const weight = net.constant(
    'tied',
    [16, 16],
    pseudoRandom(256, 3).map((value) => value * 0.3),
  );
  const first = net.op('MatMul', 'first', ['x', weight]);
  const second = net.op('MatMul', 'second', [net.op('Relu', 'relu', [first]), weight]);
  const sum = net.op('Add', 'sum', [second, 'y']);
  const mean = net.op('ReduceMean', 'mean', [sum], [intsAttr('axes', [-1])]);
  const centred = net.op('Sub', 'centred', [sum, mean]);
  net.initializers.push(
    floatScalar('two', 2),
    floatScalar('eps', 1e-5),
    floatScalar('root2', Math.SQRT2),
    floatScalar('one', 1),
    floatScalar('half', 0.5),
  );
  const variance = net.op(
    'ReduceMean',
    'variance',
    [net.op('Pow', 'square', [centred, 'two'])],
    [intsAttr('axes', [-1])],
  );
  const deviation = net.op('Sqrt', 'deviation', [net.op('Add', 'eps_add', [variance, 'eps'])]);
  const normal = net.op('Add', 'beta', [
    net.op('Mul', 'gamma', [net.op('Div', 'div', [centred, deviation]), net.constant('g', [16])]),
    net.constant('be', [16]),
  ]);
  const inner = net.matmul('up', normal, 16, 32);
  const erf = net.op('Erf', 'erf', [net.op('Div', 'gelu_div', [inner, 'root2'])]);
  const gelu = net.op('Mul', 'gelu_half', [
    net.op('Mul', 'gelu_mul', [inner, net.op('Add', 'gelu_one', [erf, 'one'])]),
    'half',
  ]);
  net.nodes.push(makeNode('Split', [gelu], ['left', 'right'], { name: 'split', attributes: [intAttr('axis', 1)] }));
  const flag = net.op('Greater', 'flag', [net.op('ReduceMax', 'largest', ['x'], [intAttr('keepdims', 0)]), 'one']);
  const branch = (op: string) =>
    buildGraph({ outputs: { [`${op}_out`]: null }, nodes: [makeNode(op, ['left'], [`${op}_out`], { name: op })] });
  net.nodes.push(
    makeNode('If', [flag], ['chosen'], {
      name: 'choice',
      attributes: [graphAttr('then_branch', branch('Abs')), graphAttr('else_branch', branch('Neg'))],
    }),
  );
  const top = net.matmul('head', net.op('Add', 'joined', ['chosen', 'right']), 16, 20);
  const model = buildModel({
    inputs: { x: ['n', 16], y: ['n', 16] },
    outputs: { [top]: ['n', 20], [normal]: ['n', 16] },
    nodes: net.nodes,
    initializers: net.initializers,
    opset: 13,
    irVersion: 7,
  });
  return prepareModel(model).model;
}

const MODEL = messyModel();
/** INT8 in spite of its size. */
const ASKED = { first: 'int8', second: 'int8', up: 'int8', head: 'int8' } as const;
const INT8: PrecisionPlan = { layers: ASKED };
const THRESHOLDS = Object.fromEntries(calibrationTensors(MODEL).map((name) => [name, 4]));

function quantized(plan: PrecisionPlan): Model {
  return quantizeModel({ model: MODEL, target: 'tensorrt', plan, thresholds: THRESHOLDS, ranges: {} }).model;
}

const EXTRA = {
  session: { disable_quant_qdq: '1' },
  optimization: { disable_specified_optimizers: FP16_UNSAFE_PASSES.join(';') },
};

/** Outputs as one list, with Q/DQ as float arithmetic; x and y are float32 or FP16 as the model says. */
async function run(model: Model): Promise<number[]> {
  const session = await InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: EXTRA,
  });
  try {
    const isFp16 = model.graph.input[0]?.tensorType?.elemType === DataType.FLOAT16;
    const feed = (seed: number): Tensor => {
      const values = pseudoRandom(48, seed);
      return isFp16 ? new Tensor('float16', Float16.from(values), [3, 16]) : new Tensor('float32', values, [3, 16]);
    };
    const results = await session.run({ x: feed(7), y: feed(8) });
    return session.outputNames.flatMap((name) => {
      const tensor = results[name];
      if (!tensor) throw new Error(`no ${name}`);
      return tensor.type === 'float16'
        ? Float16.toNumbers(tensor.data as Uint16Array)
        : [...(tensor.data as Float32Array)];
    });
  } finally {
    await session.release();
  }
}

function sqnrDb(reference: readonly number[], found: readonly number[]): number {
  const noise = reference.reduce((sum, value, i) => sum + (value - (found[i] ?? NaN)) ** 2, 0);
  return 10 * Math.log10(reference.reduce((sum, value) => sum + value ** 2, 0) / noise);
}

describe('the rest in FP16', () => {
  it('computes nearly what the rest in FP32 does', async () => {
    const reference = await run(quantized({ ...INT8, fallbackPrecision: 'fp32' }));
    const float = await run(MODEL);
    const half = await run(quantized(INT8));
    expect(half.every(Number.isFinite)).toBe(true);
    expect(sqnrDb(float, half)).toBeGreaterThan(sqnrDb(float, reference) - 1);
  });

  it('quantizes with scales that FP16 holds, in operator set 19', () => {
    const model = quantized(INT8);
    expect(defaultOpset(model)).toBe(19);
    const types = new Map(model.graph.initializer.map((tensor) => [tensor.name, tensor.dataType]));
    const typesOf = (weight: string) => {
      const names = new Set(
        model.graph.node
          .filter(({ input }) => input[0] === `${weight}_quantized`)
          .map(({ input }) => types.get(input[1] ?? '')),
      );
      return [...names];
    };
    expect(typesOf('up.w')).toEqual([DataType.FLOAT16]);
    // The last layer hands its output over in float32: there is no Cast behind it.
    expect(typesOf('head.w')).toEqual([DataType.FLOAT]);
    expect(model.graph.node.at(-1)?.opType).toBe('MatMul');
  });

  it('stays where FP32 was asked for, and where a normalization squares', () => {
    const { decisions } = placeQdq(MODEL, { layers: { ...ASKED, erf: 'fp32' } }, 'tensorrt');
    const precisionOf = (layer: string) =>
      decisions.find((decision) => decision.layer === layer && decision.tensor === undefined);
    expect(precisionOf('erf')).toMatchObject({ precision: 'fp32', code: 'plan-fp32' });
    for (const layer of ['mean', 'centred', 'square', 'variance', 'eps_add', 'deviation', 'div', 'gamma', 'beta']) {
      expect([layer, precisionOf(layer)]).toMatchObject([layer, { precision: 'fp32', code: 'normalization' }]);
    }
    for (const layer of ['gelu_div', 'gelu_one', 'gelu_mul', 'gelu_half'])
      expect([layer, precisionOf(layer)]).toMatchObject([layer, { precision: 'fp16', code: 'gelu' }]);
    expect(precisionOf('first')).toMatchObject({ precision: 'int8' });
    expect(precisionOf('choice')).toMatchObject({ precision: 'fp32', code: 'control-flow' });
  });

  it('leaves out a layer whose values FP16 cannot hold, and says so', () => {
    const ranges = { 'sum:0': [-1e5, 1e5] } as const;
    const { decisions } = quantizeModel({
      model: MODEL,
      target: 'tensorrt',
      plan: INT8,
      thresholds: THRESHOLDS,
      ranges,
    });
    const sum = decisions.find((decision) => decision.layer === 'sum');
    expect(sum).toMatchObject({ precision: 'fp32', code: 'fp16-refused-activation' });
    expect(sum?.reason).toContain('becomes infinity');
  });

  it('keeps the function when the weights are stored as INT8 and FP16', async () => {
    const model = quantized(INT8);
    expect(await run(materialize(model))).toEqual(await run(model));
  });
});

describe('inputs and outputs in FP16', () => {
  it('keep their names, and the answers stay', async () => {
    const model = quantized(INT8);
    const half = withFp16Io(model);
    for (const infos of [half.graph.input, half.graph.output])
      expect(new Set(infos.map((info) => info.tensorType?.elemType))).toEqual(new Set([DataType.FLOAT16]));
    expect(half.graph.output.map(({ name }) => name)).toEqual(model.graph.output.map(({ name }) => name));
    expect(sqnrDb(await run(model), await run(half))).toBeGreaterThan(20);
    const castsOfInput = half.graph.node.filter((node) => node.opType === 'Cast' && node.input[0] === 'y');
    expect(castsOfInput).toEqual([]);
  });
});

describe('raiseOpset', () => {
  it('keeps the function', async () => {
    const raised = raiseOpset(MODEL);
    expect(defaultOpset(raised)).toBe(19);
    expect(await run(raised)).toEqual(await run(MODEL));
  });

  it('leaves later operator sets alone', () => {
    const later = { ...MODEL, opsetImport: [{ domain: '', version: 21 }] } as Model;
    expect(raiseOpset(later)).toBe(later);
  });
});

it.skipIf(!hasPythonOnnx())('all of it passes the ONNX checker with types and shapes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fp16-fallback-'));
  try {
    const plans: PrecisionPlan[] = [
      EMPTY_PLAN,
      INT8,
      { ...INT8, fallbackPrecision: 'fp32' },
      { layers: { ...ASKED, up: 'fp16', head: 'fp32' } },
      { ...INT8, attention: 'int8' },
    ];
    const models = plans.flatMap((plan) => [
      quantized(plan),
      materialize(quantized(plan)),
      withFp16Io(materialize(quantized(plan))),
    ]);
    for (const [i, model] of [...models, raiseOpset(MODEL), int64Sized()].entries())
      writeFileSync(join(dir, `${i}.onnx`), encodeModel(model));
    const script = [
      'import onnx, sys, glob',
      'for f in sorted(glob.glob(sys.argv[1] + "/*.onnx")):',
      '    onnx.checker.check_model(f, full_check=True)',
      '    onnx.shape_inference.infer_shapes(onnx.load(f), check_type=True, strict_mode=True, data_prop=True)',
      'print("ok")',
    ].join('\n');
    expect(python(script, dir)).toBe('ok');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

/** A Split whose sizes are said needs nothing in operator set 19. */
function int64Sized(): Model {
  const nodes = [makeNode('Split', ['x', 'sizes'], ['a', 'b'], { name: 'split', attributes: [intAttr('axis', 1)] })];
  return raiseOpset(
    buildModel({
      inputs: { x: [2, 5] },
      outputs: { a: [2, 2], b: [2, 3] },
      nodes,
      initializers: [int64Tensor('sizes', [2], [2, 3])],
      opset: 13,
    }),
  );
}

const Float16 = {
  from(values: Float32Array): Uint16Array {
    return Uint16Array.from(values, fp16Bits);
  },
  toNumbers(bits: Uint16Array): number[] {
    return [...bits].map(float16ToFloat32);
  },
};
