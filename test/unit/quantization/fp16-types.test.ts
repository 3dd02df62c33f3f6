import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { int64Tensor, intAttr, makeNode } from '../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import table from '../../../src-main/quantization/fp16/float16-types.json';
import { floatOnlySlots } from '../../../src-main/quantization/fp16/fp16-types';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { quantizeModel, type QuantizedModel } from '../../../src-main/quantization/rewrite/quantize';
import { buildModel } from '../../support/onnx-builder';
import { hasPythonOnnx, python } from '../onnx/python-onnx';
import { Net } from './graphs';

const slots = (opType: string, opset: number, domain = '') => floatOnlySlots({ opType, domain }, opset);

const NONE = { inputs: [], outputs: [], own: [] };

describe('floatOnlySlots', () => {
  it('takes the newest definition that the operator set has', () => {
    expect(slots('Celu', 17)).toEqual({ inputs: [0], outputs: [0], own: [] });
    expect(slots('Celu', 28)).toEqual(NONE);
    expect(slots('CumSum', 13)).toEqual({ inputs: [0], outputs: [0], own: [] });
    expect(slots('CumSum', 14)).toEqual(NONE);
    expect(slots('Relu', 99)).toEqual(NONE);
  });

  it('knows parameters that stay float32 beside FP16 ones, and outputs that an attribute types', () => {
    expect(slots('Resize', 13)).toEqual({ ...NONE, inputs: [2] });
    expect(slots('LayerNormalization', 17)).toEqual({ ...NONE, outputs: [1, 2] });
    expect(slots('RandomNormalLike', 13)).toEqual({ ...NONE, own: [0] });
    expect(slots('Cast', 13)?.own).toEqual([0]);
  });

  it('knows nothing of operators of other domains, of later sets, or that are no operators', () => {
    expect(slots('Celu', 11)).toBeNull();
    expect(slots('Upsample', 10)).toBeNull();
    expect(slots('constructor', 17)).toBeNull();
    expect(slots('Relu', 17, 'com.microsoft')).toBeNull();
    expect(slots('Relu', 17, 'ai.onnx')).not.toBeNull();
  });

  it.skipIf(!hasPythonOnnx())('agrees with the schemas of the onnx package that is installed', () => {
    const made = JSON.parse(
      python(
        `import runpy\nrunpy.run_path(${JSON.stringify(join(import.meta.dirname, '../../support/float16_types.py'))}, run_name="__main__")`,
      ),
    ) as typeof table;
    const latest = Math.min(made.latestOpset, table.latestOpset);
    const rows = ({ floatOnly }: { floatOnly: Readonly<Record<string, Readonly<Record<string, unknown>>>> }) =>
      Object.entries(floatOnly).flatMap(([name, versions]) =>
        Object.entries(versions)
          .filter(([since]) => Number(since) <= latest)
          .map(([since, found]) => `${name} ${since} ${JSON.stringify(found)}`),
      );
    expect(rows(table).sort()).toEqual(rows(made).sort());
  });
});

/** Conv, some layer called `it`, Conv. */
function around(layer: (net: Net, input: string) => string, opset: number): Model {
  const net = new Net();
  const first = net.conv('c1', 'x', 16, 16);
  const output = net.conv('c2', layer(net, first), 16, 16);
  const { nodes, initializers } = net;
  return prepareModel(
    buildModel({
      inputs: { x: [1, 16, 4, 4] },
      outputs: { [output]: [1, 16, 'h', 'w'] },
      nodes,
      initializers,
      opset,
      irVersion: 8,
    }),
  ).model;
}

function cumulated(net: Net, input: string): string {
  net.initializers.push(int64Tensor('axis', [], [1]));
  return net.op('CumSum', 'it', [input, 'axis']);
}

function normalizedWithMean(net: Net, input: string): string {
  net.nodes.push(makeNode('LayerNormalization', [input, net.constant('gamma', [4])], ['norm', 'mean'], { name: 'it' }));
  return net.op('Add', 'sum', ['norm', 'mean']);
}

const FLOAT_ONLY: readonly [string, number, (net: Net, input: string) => string][] = [
  ['Celu', 17, (net, input) => net.op('Celu', 'it', [input])],
  ['Celu', 13, (net, input) => net.op('Celu', 'it', [input])],
  ['CumSum', 13, cumulated],
  ['LayerNormalization with its mean', 17, normalizedWithMean],
];

const OWN_TYPE: typeof FLOAT_ONLY = [
  [
    'Cast',
    17,
    (net, input) =>
      net.op(
        'Cast',
        'it',
        [net.op('Cast', 'double', [input], [intAttr('to', DataType.DOUBLE)])],
        [intAttr('to', DataType.FLOAT)],
      ),
  ],
  ['RandomNormalLike', 17, (net, input) => net.op('Add', 'sum', [input, net.op('RandomNormalLike', 'it', [input])])],
];

const HALF: readonly [string, number, (net: Net, input: string) => string][] = [
  ['CumSum', 14, cumulated],
  [
    'Resize by scales',
    17,
    (net, input) => net.op('Resize', 'it', [input, '', net.constant('scales', [4], [1, 1, 2, 2])]),
  ],
  ['LayerNormalization', 17, (net, input) => net.op('LayerNormalization', 'it', [input, net.constant('gamma', [4])])],
];

const PLANS = {
  int8: { layers: { c1: 'int8', c2: 'int8' } },
  mixed: { layers: { c1: 'fp16', c2: 'int8' } },
  fp16: { layers: { c1: 'fp16', c2: 'fp16', it: 'fp16' } },
} as const satisfies Record<string, PrecisionPlan>;

function quantized(model: Model, plan: PrecisionPlan): QuantizedModel {
  const thresholds = Object.fromEntries(calibrationTensors(model).map((name) => [name, 4]));
  return quantizeModel({ model, target: 'tensorrt', plan, thresholds, ranges: {} });
}

async function opens(model: Model): Promise<void> {
  const session = await InferenceSession.create(encodeModel(materialize(model)), { logSeverityLevel: 4 });
  await session.release();
}

describe('layers whose operator has no FP16 form', () => {
  it.each(FLOAT_ONLY)(
    '%s in operator set %i stays in FP32, and ONNX Runtime opens the model',
    async (_, opset, layer) => {
      for (const plan of Object.values(PLANS)) {
        const { model, decisions } = quantized(around(layer, opset), plan);
        expect(decisions.find((decision) => decision.layer === 'it')).toMatchObject({
          precision: 'fp32',
          code: 'fp16-no-kernel',
          reason: expect.stringContaining('not defined for FP16') as unknown,
        });
        await opens(model);
      }
    },
  );

  it('of another domain stays in FP32 with what reads its unknown type; weights tell the type to the rest', async () => {
    const known = around((net, input) => {
      net.nodes.push(makeNode('QuickGelu', [input], ['custom'], { name: 'gelu', domain: 'com.microsoft' }));
      return net.op('Relu', 'it', ['custom']);
    }, 17);
    const model = { ...known, opsetImport: [...known.opsetImport, { domain: 'com.microsoft', version: 1 }] };
    for (const plan of Object.values(PLANS)) await opens(quantized(model, plan).model);
    const { decisions } = quantized(model, PLANS.fp16);
    expect(decisions.find((decision) => decision.layer === 'it')?.precision).toBe('fp32');
    expect(decisions.find((decision) => decision.layer === 'c2')?.precision).toBe('fp16');
  });

  it.each(OWN_TYPE)('%s in operator set %i keeps the type that the model states', async (_, opset, layer) => {
    for (const plan of Object.values(PLANS)) await opens(quantized(around(layer, opset), plan).model);
    const { decisions } = quantized(around(layer, opset), PLANS.fp16);
    expect(decisions.find((decision) => decision.layer === 'it')).toMatchObject({
      precision: 'fp32',
      code: 'own-float-type',
    });
  });

  it.each(HALF)('%s in operator set %i runs in FP16', async (_, opset, layer) => {
    const { model, decisions } = quantized(around(layer, opset), PLANS.fp16);
    expect(decisions.find((decision) => decision.layer === 'it')?.precision).toBe('fp16');
    await opens(model);
  });

  it.skipIf(!hasPythonOnnx())('pass the ONNX checker with types and shapes', () => {
    const dir = mkdtempSync(join(tmpdir(), 'fp16-types-'));
    try {
      const models = [...FLOAT_ONLY, ...OWN_TYPE, ...HALF].flatMap(([, opset, layer]) =>
        Object.values(PLANS).map((plan) => quantized(around(layer, opset), plan).model),
      );
      for (const [i, model] of models.entries()) writeFileSync(join(dir, `${i}.onnx`), encodeModel(materialize(model)));
      const check =
        'import glob, onnx, sys\nfor path in glob.glob(sys.argv[1] + "/*.onnx"):\n    onnx.checker.check_model(path)\n    onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True)\nprint("ok")';
      expect(python(check, dir)).toBe('ok');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
