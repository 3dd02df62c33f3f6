import { describe, expect, it } from 'vitest';
import { modelReason } from '../../../../src-main/app/variants/questions';
import { parseVariant } from '../../../../src-shared/domain/project/variant';
import { buildModel } from '../../../support/onnx-builder';
import { Net } from '../../quantization/graphs';

describe('a variant below INT8 of a convolutional network', () => {
  const net = new Net();
  const output = net.conv('c', 'x', 16, 16);
  const { nodes, initializers } = net;
  const model = buildModel({ inputs: { x: [1, 16, 4, 4] }, outputs: { [output]: null }, nodes, initializers });
  const reasonOf = (variant: string): string | undefined =>
    modelReason(parseVariant(variant), model, { target: 'tensorrt' })?.reason;

  it('is refused if no layer of it changes', () => {
    expect(reasonOf('w4')).toMatch(/^none of its layers qualifies: INT4 weights exist for Gemm and MatMul/);
    expect(reasonOf('fp8')).toBeUndefined();
  });
});
