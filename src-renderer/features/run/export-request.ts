import type { ExportRequest } from '../../../src-shared/contract/requests';
import type { QuantizeSpec } from '../../../src-shared/contract/job-specs';
import type { Target } from '../../../src-shared/domain/project/precision';

/**
 * The possible exports: the quantized model (written by a job), and formats that the application exports immediately.
 */
export const EXPORT_KINDS = ['onnx', 'trt-cache', 'triton', 'report'] as const satisfies readonly (
  'onnx' | ExportRequest['format']
)[];
export type ExportKind = (typeof EXPORT_KINDS)[number];

/** The variants that can be exported as a model file. */
export const EXPORTED_VARIANTS = ['mixed', 'int8', 'fp16'] as const;
export type ExportedVariant = (typeof EXPORTED_VARIANTS)[number];

export interface ExportChoice {
  readonly kind: ExportKind;
  readonly variant: ExportedVariant;
  readonly target: Target;
  readonly activationType: 'int8' | 'uint8';
}

/** The proposed output path: beside the project's folder, named after the project. The kind of slashes is kept. */
export function proposedOutPath(projectPath: string, { kind, variant, target }: ExportChoice): string {
  const base = projectPath.replace(/[\\/]+$/, '').replace(/\.calib$/, '');
  switch (kind) {
    case 'onnx':
      return `${base}-${variant}-${target}.onnx`;
    case 'trt-cache':
      return `${base}.cache`;
    case 'triton':
      return `${base}-triton`;
    case 'report':
      return `${base}-report.html`;
  }
}

/** The specification of the job that writes the model. */
export function quantizeSpecOf(
  projectPath: string,
  outPath: string,
  { variant, target, activationType }: ExportChoice,
): QuantizeSpec {
  const isAsymmetric = activationType === 'uint8' && target === 'onnxruntime';
  return { kind: 'quantize', projectPath, target, variant, outPath, ...(isAsymmetric ? { activationType } : {}) };
}
