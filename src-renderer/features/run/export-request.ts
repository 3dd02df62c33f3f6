import type { ExportRequest } from '../../../src-shared/contract/requests';
import type { PackageSpec, QuantizeSpec } from '../../../src-shared/contract/job-specs';
import { PACKAGE_KINDS, type PackageKind } from '../../../src-shared/domain/packages/manifest';
import type { Target } from '../../../src-shared/domain/project/precision';

/**
 * The possible exports: the quantized model and packages (written by jobs), and formats that the application exports
 * immediately.
 */
export const EXPORT_KINDS = ['onnx', ...PACKAGE_KINDS, 'trt-cache', 'report'] as const satisfies readonly (
  | 'onnx'
  | PackageKind
  | ExportRequest['format']
)[];
export type ExportKind = (typeof EXPORT_KINDS)[number];

export function isPackageKind(kind: ExportKind): kind is PackageKind {
  return PACKAGE_KINDS.some((own) => own === kind);
}

/** The variants that can be exported as a model file. */
export const EXPORTED_VARIANTS = ['mixed', 'int8', 'fp16'] as const;
export type ExportedVariant = (typeof EXPORTED_VARIANTS)[number];

export interface ExportChoice {
  readonly kind: ExportKind;
  readonly variant: ExportedVariant;
  readonly target: Target;
  readonly activationType: 'int8' | 'uint8';
}

/** What can be chosen about a package; null: the default. */
export interface PackageOptions {
  readonly backend: PackageSpec['backend'];
  /** Images whose answers are recorded. */
  readonly images: number;
  readonly instances: number | null;
  readonly maxBatch: number | null;
  readonly queueDelayUs: number | null;
  readonly p99LimitMs: number | null;
}

export const DEFAULT_PACKAGE: PackageOptions = {
  backend: 'ort-cpu',
  images: 4,
  instances: null,
  maxBatch: null,
  queueDelayUs: null,
  p99LimitMs: null,
};

/** Kinds whose server can be told how to batch. */
export function hasServing(kind: PackageKind): boolean {
  return kind === 'triton';
}

/** Kinds that can have a TensorRT engine. */
export function mayHaveEngine(kind: PackageKind): boolean {
  return kind === 'folder' || kind === 'triton';
}

/** The proposed output path: beside the project's folder, named after the project. The kind of slashes is kept. */
export function proposedOutPath(projectPath: string, { kind, variant, target }: ExportChoice): string {
  const base = projectPath.replace(/[\\/]+$/, '').replace(/\.calib$/, '');
  switch (kind) {
    case 'onnx':
      return `${base}-${variant}-${target}.onnx`;
    case 'trt-cache':
      return `${base}.cache`;
    case 'folder':
      return `${base}-package`;
    case 'triton':
    case 'deepstream':
    case 'openvino':
      return `${base}-${kind}`;
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

/** The specification of the job that writes a package; options that the kind does not have are left out. */
export function packageSpecOf(
  projectPath: string,
  outPath: string,
  choice: Pick<ExportChoice, 'variant'> & { readonly kind: PackageKind },
  options: PackageOptions,
): PackageSpec {
  const { kind, variant } = choice;
  const serving = hasServing(kind)
    ? (['instances', 'maxBatch', 'queueDelayUs', 'p99LimitMs'] as const).flatMap((name) => {
        const value = options[name];
        return value === null ? [] : [[name, value] as const];
      })
    : [];
  return {
    kind: 'package',
    projectPath,
    packageKind: kind,
    variant,
    backend: mayHaveEngine(kind) ? options.backend : 'ort-cpu',
    outPath,
    images: options.images,
    ...Object.fromEntries(serving),
  };
}

/** The command line that writes the same. Paths are quoted for a POSIX shell where they need it. */
export function commandLineOf(
  projectPath: string,
  outPath: string,
  choice: ExportChoice,
  options: PackageOptions,
): string {
  const { kind, variant, target, activationType } = choice;
  const [project, out] = [projectPath, outPath].map(shellWord);
  if (kind === 'onnx') {
    const type = activationType === 'uint8' && target === 'onnxruntime' ? ' --activations uint8' : '';
    return `calib quantize ${project} --target ${target} --variant ${variant}${type} -o ${out}`;
  }
  if (!isPackageKind(kind)) return `calib export ${project} --format ${kind} -o ${out}`;
  const spec = packageSpecOf(projectPath, outPath, { kind, variant }, options);
  const flags = [
    `--kind ${kind}`,
    `--variant ${variant}`,
    ...(spec.backend === 'tensorrt' ? ['--backend tensorrt'] : []),
    ...(spec.images === DEFAULT_PACKAGE.images ? [] : [`--images ${spec.images}`]),
    ...(spec.instances === undefined ? [] : [`--instances ${spec.instances}`]),
    ...(spec.maxBatch === undefined ? [] : [`--max-batch ${spec.maxBatch}`]),
    ...(spec.queueDelayUs === undefined ? [] : [`--queue-delay ${spec.queueDelayUs}`]),
    ...(spec.p99LimitMs === undefined ? [] : [`--p99 ${spec.p99LimitMs}`]),
  ];
  return `calib package ${project} ${flags.join(' ')} -o ${out}`;
}

function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
