import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src-shared/domain/random';
import { EMPTY_PLAN, PRECISIONS, TARGETS, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import type { Model } from '../../../src-main/onnx/graph/model';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { readModel } from '../../../src-main/onnx/wire/wire-reader';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { firstAndHeadFp16 } from '../../../src-main/quantization/placement/presets';
import { placeQdq, quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import { REPO_ROOT, sharedDir, sharedPath } from '../../support/shared';
import { hasPythonOnnx, python } from '../onnx/python-onnx';
import { layoutText } from './layout-text';

const MODELS = [
  'plate_chars',
  'cifar_resnet20',
  'cifar_mobilenetv2',
  'cifar_vit',
  'mobilenet_v1_075_bn',
  'squeezenet_v11',
  'mnist_cntk',
  'yolox_nano',
  'ultraface_rfb_320',
] as const;

const loaded = new Map<string, Model>();
function prepared(name: string): Model {
  const model = loaded.get(name) ?? prepareModel(readModel(sharedPath('models', `${name}.onnx`))).model;
  loaded.set(name, model);
  return model;
}

function randomPlan(model: Model, seed: number): PrecisionPlan {
  const random = createRandom(seed);
  const pick = (): (typeof PRECISIONS)[number] => PRECISIONS[random.nextUint32() % 6] ?? 'int8';
  return { layers: Object.fromEntries(model.graph.node.map((node) => [node.name, pick()])) };
}

function quantized(name: string, target: (typeof TARGETS)[number], plan: PrecisionPlan): Model {
  const model = prepared(name);
  const thresholds = Object.fromEntries(calibrationTensors(model).map((tensor) => [tensor, 4]));
  return quantizeModel({ model, target, plan, thresholds, ranges: {} }).model;
}

describe.skipIf(sharedDir() === null)('real models', () => {
  it.each(MODELS)('%s: the TensorRT layout is as recorded', async (name) => {
    const model = prepared(name);
    await expect(layoutText(model, placeQdq(model, EMPTY_PLAN, 'tensorrt'))).toMatchFileSnapshot(
      join(REPO_ROOT, 'test/fixtures/layouts', `${name}.txt`),
    );
  });

  it.each(MODELS)('%s: no plan quantizes a tensor that was not calibrated', (name) => {
    const model = prepared(name);
    const collected = new Set(calibrationTensors(model));
    expect(collected.size).toBeGreaterThan(0);
    for (const target of TARGETS) {
      for (let seed = 0; seed < 12; seed++) {
        const { tensors, groups } = placeQdq(model, randomPlan(model, seed), target);
        const needed = [...tensors.map(({ tensor }) => tensor), ...groups.flatMap((group) => group.sources)];
        expect(needed.filter((tensor) => !collected.has(tensor))).toEqual([]);
      }
    }
  });

  it.each(MODELS)('%s: ONNX Runtime opens every variant', async (name) => {
    const model = prepared(name);
    const plans = [
      EMPTY_PLAN,
      { layers: Object.fromEntries(model.graph.node.map((node) => [node.name, 'fp16'] as const)) },
      randomPlan(model, 5),
    ];
    // Models for OpenVINO have the form of those for TensorRT.
    for (const target of ['onnxruntime', 'tensorrt'] as const) {
      for (const plan of plans) {
        // As the application opens them: fused for ONNX Runtime, as float arithmetic for TensorRT.
        const extra = target === 'tensorrt' ? { session: { disable_quant_qdq: '1' } } : {};
        const session = await InferenceSession.create(encodeModel(quantized(name, target, plan)), {
          intraOpNumThreads: 1,
          logSeverityLevel: 3,
          extra,
        });
        await session.release();
      }
    }
  });

  it.skipIf(!hasPythonOnnx())('pass the ONNX checker, as they are and materialized', () => {
    const dir = mkdtempSync(join(tmpdir(), 'quantized-'));
    try {
      for (const name of MODELS) {
        for (const target of TARGETS) {
          const model = quantized(name, target, randomPlan(prepared(name), 9));
          writeFileSync(join(dir, `${name}.${target}.onnx`), encodeModel(model));
          writeFileSync(join(dir, `${name}.${target}.small.onnx`), encodeModel(materialize(model)));
        }
      }
      const script =
        'import onnx, sys, glob\nfor f in sorted(glob.glob(sys.argv[1] + "/*.onnx")): onnx.checker.check_model(f, full_check=True)\nprint("ok")';
      expect(python(script, dir)).toBe('ok');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('preset: the first and the last layer with weights', () => {
    expect(firstAndHeadFp16(prepared('plate_chars'), 'onnxruntime')).toHaveLength(2);
    expect(firstAndHeadFp16(prepared('cifar_mobilenetv2'), 'onnxruntime')).toEqual(['/f/f.0/Conv', '/fc/Gemm']);
    expect(firstAndHeadFp16(prepared('plate_chars'), 'tensorrt')).toEqual(['/f/f.0/Conv', '/f/f.11/Conv']);
  });
});

/** The optimised graph's op counts of a quantized model, as ONNX Runtime saves them. */
async function fusedOps(name: string, dir: string): Promise<Map<string, number>> {
  const path = join(dir, `${name}.optimized.onnx`);
  const session = await InferenceSession.create(encodeModel(quantized(name, 'onnxruntime', EMPTY_PLAN)), {
    optimizedModelFilePath: path,
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  await session.release();
  const counts = new Map<string, number>();
  for (const node of readModel(path).graph.node) counts.set(node.opType, (counts.get(node.opType) ?? 0) + 1);
  return counts;
}

describe.skipIf(sharedDir() === null)('ONNX Runtime fuses Q/DQ to integer kernels', () => {
  it.each([
    ['plate_chars', { QLinearConv: 25, QLinearAdd: 4, QGemm: 1 }],
    ['cifar_resnet20', { QLinearConv: 21, QLinearAdd: 8, QGemm: 1 }],
    ['cifar_mobilenetv2', { QLinearConv: 46, QLinearAdd: 9, QGemm: 1 }],
    ['squeezenet_v11', { QLinearConv: 26, QLinearConcat: 8 }],
    ['yolox_nano', { QLinearConv: 113, QLinearSigmoid: 104, QLinearMul: 104, QLinearAdd: 7 }],
  ])('%s', async (name, expected) => {
    const dir = mkdtempSync(join(tmpdir(), 'optimized-'));
    try {
      const counts = await fusedOps(name, dir);
      expect(Object.fromEntries(Object.keys(expected).map((op) => [op, counts.get(op)]))).toEqual(expected);
      expect(counts.get('Conv')).toBeUndefined();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
