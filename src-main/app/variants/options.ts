import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { DEFAULT_TENSORRT_OPTIONS, type TensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import { allowsBatch, batchRange } from '../../../src-shared/domain/engines/shape-profiles';
import { targetOfBackend, type BackendId, type Target } from '../../../src-shared/domain/project/precision';
import type { ChosenKernel } from '../../analysis/tuning/kernels';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { Workspace } from '../projects/workspace';

/** Which variants a job builds, and how. */
export interface VariantOptions {
  /** Names of variants, such as `int8-minmax`. */
  readonly variants: readonly string[];
  readonly backend: BackendId;
  readonly target: Target;
  readonly activationType: 'int8' | 'uint8';
  /** Build and benchmark options of the backend tensorrt; the device also applies to ONNX Runtime's GPU providers. */
  readonly tensorrt: TensorrtOptions;
  /** Threads of measurements that a build needs; one per core if absent. */
  readonly threads?: number;
  /**
   * For TensorRT 10, engines with one profile: record the kernels of the layers, and take these where TensorRT still
   * offers them. If absent, the builder chooses, and nothing is recorded.
   */
  readonly kernels?: readonly ChosenKernel[];
}

/** The fields of a job specification that select and shape variants. */
interface VariantSpec {
  readonly variants?: readonly string[];
  readonly backend?: BackendId;
  readonly target?: Target;
  readonly activationType?: 'int8' | 'uint8';
  readonly tensorrt?: Partial<TensorrtOptions>;
  readonly threads?: number;
}

/**
 * Fills in what a job specification omits.
 * @param defaults variants if the specification names none.
 * @throws WorkbenchError usage if the backend cannot run the target
 */
export function variantOptions(spec: VariantSpec, workspace: Workspace, defaults: readonly string[]): VariantOptions {
  const backend = spec.backend ?? 'ort-cpu';
  const own = targetOfBackend(backend);
  const target = spec.target ?? own ?? workspace.file.target;
  if (own !== null && target !== own)
    throw new WorkbenchError('usage', `Backend ${backend} runs what is placed for the target ${own}, not ${target}`);
  return {
    variants: spec.variants ?? defaults,
    backend,
    target,
    activationType: spec.activationType ?? 'int8',
    tensorrt: { ...DEFAULT_TENSORRT_OPTIONS, ...spec.tensorrt },
    ...(spec.threads === undefined ? {} : { threads: spec.threads }),
  };
}

/**
 * The options with the batch sizes to build for: the model's own batch if it is fixed, else the requested ones, else
 * those that the profiles are tuned for.
 * @throws WorkbenchError usage if another batch than the model's fixed one is requested, or one that no profile allows
 */
export function withFixedBatch(
  options: VariantOptions,
  spec: { readonly batch?: number; readonly tensorrt?: Partial<TensorrtOptions> },
  { fixedBatch, inputs }: Pick<Feeding, 'fixedBatch' | 'inputs'>,
): VariantOptions {
  const withBatches = (batches: readonly number[]): VariantOptions => ({
    ...options,
    tensorrt: { ...options.tensorrt, batches },
  });
  const requested = spec.batch === undefined ? spec.tensorrt?.batches : [spec.batch];
  const { profiles } = options.tensorrt;
  if (fixedBatch === null && profiles !== undefined) {
    for (const batch of requested ?? [])
      if (!allowsBatch(profiles, inputs, batch))
        throw new WorkbenchError('usage', `No profile allows batch ${batch}`, { hint: advise('batches-of-engine') });
    return withBatches(requested ?? [...new Set(profiles.map((profile) => batchRange(profile, inputs).opt))]);
  }
  if (fixedBatch === null) return requested === undefined ? options : withBatches(requested);
  if (requested?.some((batch) => batch !== fixedBatch)) {
    throw new WorkbenchError(
      'usage',
      `Expected batch ${fixedBatch}, which the model fixes, found ${requested.join(', ')}`,
      { hint: advise('batch-of-model') },
    );
  }
  return withBatches([fixedBatch]);
}
