import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../../src-shared/contract/requests';
import { parseVariant } from '../../../../src-shared/domain/project/variant';
import {
  EXPORTED_VARIANTS,
  EXPORT_KINDS,
  proposedOutPath,
  quantizeSpecOf,
  type ExportChoice,
} from '../../../../src-renderer/features/run/export-request';

const CHOICE: ExportChoice = { kind: 'onnx', variant: 'mixed', target: 'tensorrt', activationType: 'int8' };

describe('proposedOutPath', () => {
  it('lies beside the project, never inside it', () => {
    expect(EXPORT_KINDS.map((kind) => proposedOutPath('/data/net.calib', { ...CHOICE, kind }))).toEqual([
      '/data/net-mixed-tensorrt.onnx',
      '/data/net.cache',
      '/data/net-triton',
      '/data/net-report.html',
    ]);
    expect(proposedOutPath('C:\\data\\net.calib\\', { ...CHOICE, kind: 'trt-cache' })).toBe('C:\\data\\net.cache');
  });
});

describe('quantizeSpecOf', () => {
  it('is a job that the application accepts, for every variant', () => {
    for (const variant of EXPORTED_VARIANTS) {
      const spec = quantizeSpecOf('/p.calib', '/out.onnx', { ...CHOICE, variant });
      expect(parseRequest('startJob', spec)).toEqual(spec);
      expect(parseVariant(spec.variant).text).toBe(variant);
    }
  });

  it('asks for asymmetric activations only where the target takes them', () => {
    expect(quantizeSpecOf('/p', '/o', { ...CHOICE, activationType: 'uint8' })).not.toHaveProperty('activationType');
    expect(quantizeSpecOf('/p', '/o', { ...CHOICE, target: 'onnxruntime', activationType: 'uint8' })).toMatchObject({
      activationType: 'uint8',
    });
  });
});
