import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../../src-shared/contract/requests';
import { PACKAGE_KINDS } from '../../../../src-shared/domain/packages/manifest';
import { parseVariant } from '../../../../src-shared/domain/project/variant';
import {
  commandLineOf,
  DEFAULT_PACKAGE,
  EXPORTED_VARIANTS,
  EXPORT_KINDS,
  packageSpecOf,
  proposedOutPath,
  quantizeSpecOf,
  type ExportChoice,
} from '../../../../src-renderer/features/run/export-request';

const CHOICE: ExportChoice = { kind: 'onnx', variant: 'mixed', target: 'tensorrt', activationType: 'int8' };

describe('proposedOutPath', () => {
  it('lies beside the project, never inside it', () => {
    expect(EXPORT_KINDS.map((kind) => proposedOutPath('/data/net.calib', { ...CHOICE, kind }))).toEqual([
      '/data/net-mixed-tensorrt.onnx',
      '/data/net-package',
      '/data/net-triton',
      '/data/net-deepstream',
      '/data/net-openvino',
      '/data/net.cache',
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

describe('packageSpecOf', () => {
  it('is a job that the application accepts, for every kind, without options that the kind does not have', () => {
    const options = { ...DEFAULT_PACKAGE, backend: 'tensorrt', instances: 2, p99LimitMs: 20 } as const;
    for (const kind of PACKAGE_KINDS) {
      const spec = packageSpecOf('/p.calib', '/out', { kind, variant: 'int8' }, options);
      expect(parseRequest('startJob', spec)).toEqual(spec);
      expect([spec.backend, spec.instances, spec.p99LimitMs]).toEqual(
        {
          folder: ['tensorrt', undefined, undefined],
          triton: ['tensorrt', 2, 20],
          deepstream: ['ort-cpu', undefined, undefined],
          openvino: ['ort-cpu', undefined, undefined],
        }[kind],
      );
    }
  });
});

describe('commandLineOf', () => {
  const line = (change: Partial<ExportChoice>, options = DEFAULT_PACKAGE, out = '/out'): string =>
    commandLineOf('/p.calib', out, { ...CHOICE, ...change }, options);

  it('says the same as the panel', () => {
    expect(line({})).toBe('calib quantize /p.calib --target tensorrt --variant mixed -o /out');
    expect(line({ kind: 'report' })).toBe('calib export /p.calib --format report -o /out');
    expect(line({ kind: 'folder' })).toBe('calib package /p.calib --kind folder --variant mixed -o /out');
    const options = {
      ...DEFAULT_PACKAGE,
      backend: 'tensorrt' as const,
      images: 8,
      maxBatch: 16,
      queueDelayUs: 0,
      p99LimitMs: 20,
    };
    expect(line({ kind: 'triton', variant: 'int8' }, options)).toBe(
      'calib package /p.calib --kind triton --variant int8 --backend tensorrt --images 8 --max-batch 16 ' +
        '--queue-delay 0 --p99 20 -o /out',
    );
  });

  it('quotes paths for a shell', () => {
    expect(line({ kind: 'report' }, DEFAULT_PACKAGE, "/my models/it's $HOME")).toContain(
      "-o '/my models/it'\\''s $HOME'",
    );
  });
});
