import { resolve } from 'node:path';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import { PROJECT_VERSION, type ProjectFile } from '../../../src-shared/domain/project/project';

/** A valid project whose model and sets lie in `dir`. */
export function projectIn(dir: string): ProjectFile {
  return {
    version: PROJECT_VERSION,
    name: 'plates',
    model: { path: resolve(dir, 'model.onnx'), sha256: 'ab'.repeat(32) },
    calibrationSet: { path: resolve(dir, 'images/calibration'), labels: null },
    validationSet: { path: resolve(dir, 'images/validation'), labels: resolve(dir, 'images/labels.csv') },
    preprocessing: {
      resize: { kind: 'letterbox', width: 64, height: 64, pad: 114 },
      crop: null,
      order: 'rgb',
      scale: 1 / 255,
      mean: [0.5, 0.4, 0.3],
      std: [1],
      layout: 'nchw',
    },
    preprocessingNotes: ['Layout NCHW.'],
    method: 'entropy',
    percentile: 99.99,
    tensorMethods: { '/conv/Relu_output_0': 'manual' },
    manualThresholds: { '/conv/Relu_output_0': 3.25 },
    importedThresholds: {},
    plan: { layers: { ...EMPTY_PLAN.layers, '/head/Gemm': 'fp16' } },
    target: 'tensorrt',
    gates: { maxTop1Drop: 0.5, maxWorstGroupDrop: 1, minTop1: null, maxLatencyMs: null },
  };
}
