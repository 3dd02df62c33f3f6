import { describe, expect, it } from 'vitest';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { withoutRedundantInt8 } from '../../../src-main/quantization/placement/presets';
import { placeQdq } from '../../../src-main/quantization/rewrite/quantize';
import type { Precision, PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { parseVariant, planOfVariant } from '../../../src-shared/domain/project/variant';
import { tinyModel } from '../../support/tiny-project';

const { model } = prepareModel(tinyModel());

function precisionsOf(plan: PrecisionPlan): Map<string, Precision> {
  const { decisions } = placeQdq(model, plan, 'tensorrt');
  return new Map(
    decisions.filter(({ tensor }) => tensor === undefined).map(({ layer, precision }) => [layer, precision]),
  );
}

describe('INT8 that was asked for by name', () => {
  it('takes a layer into INT8 that TensorRT’s rules keep in floating point for speed, in the mixed variant too', () => {
    expect(precisionsOf({ layers: {} }).get('head')).not.toBe('int8');
    const mixed = planOfVariant(parseVariant('mixed'), { layers: { head: 'int8' } }, []);
    expect(precisionsOf(withoutRedundantInt8(mixed, model, 'tensorrt')).get('head')).toBe('int8');
  });

  it('is left out of a variant where it changes nothing, so that plans that make the same model are equal', () => {
    const plan: PrecisionPlan = { layers: { conv1: 'int8', head: 'fp16' } };
    expect(withoutRedundantInt8(plan, model, 'tensorrt')).toEqual({ layers: { head: 'fp16' } });
    expect(withoutRedundantInt8({ layers: { head: 'int8' } }, model, 'onnxruntime')).toEqual({ layers: {} });
  });

  it('stays where it takes a layer out of the kernel of an FP16 layer', () => {
    const plan: PrecisionPlan = { layers: { conv1: 'fp16', relu1: 'int8' } };
    expect(precisionsOf({ layers: { conv1: 'fp16' } }).get('relu1')).toBe('fp16');
    expect(withoutRedundantInt8(plan, model, 'tensorrt')).toEqual(plan);
  });
});
