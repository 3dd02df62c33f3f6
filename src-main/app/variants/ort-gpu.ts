import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { PROVIDER_NAMES } from '../../backends/ort-gpu-files';
import { ortGpuOf, type OrtGpu } from '../../backends/runnable-variant';
import type { OrtGpuStatus } from '../../compute/pool/protocol';
import type { JobContext } from '../job-context';
import type { BuiltVariant } from './built-variant';
import type { VariantOptions } from './options';
import { needsThresholds } from './recipe';

/** The GPU that the options select; null for backends other than ONNX Runtime's GPU providers. */
export function ortGpu({ backend, tensorrt }: Pick<VariantOptions, 'backend' | 'tensorrt'>): OrtGpu | null {
  return ortGpuOf(backend, tensorrt.device);
}

/**
 * Capabilities of the GPU that the options select; null for backends other than ONNX Runtime's GPU providers.
 * @throws WorkbenchError backend-unavailable if the provider is missing or crashes
 */
export async function ortGpuStatus(
  options: Pick<VariantOptions, 'backend' | 'tensorrt'>,
  job: JobContext,
): Promise<OrtGpuStatus | null> {
  const gpu = ortGpu(options);
  return gpu && job.services.compute.request('ort-gpu-status', gpu, job);
}

/** @throws WorkbenchError model-unsupported if a variant has FP16 layers and the device cannot compute in FP16 */
export function requireFp16(
  built: readonly BuiltVariant[],
  { device, hasFp16 }: OrtGpuStatus,
  { target }: Pick<VariantOptions, 'target'>,
): void {
  const fp16Variants = built
    .filter(({ runnable }) => runnable.kind === 'onnx' && runnable.hasFp16)
    .map(({ runnable }) => runnable.variant);
  if (hasFp16 || fp16Variants.length === 0) return;
  throw new WorkbenchError(
    'model-unsupported',
    `${device} does not compute in FP16, which ${fp16Variants.join(', ')} of the target ${target} need`,
    { hint: advise(target === 'tensorrt' ? 'leave-variants-out-or-onnxruntime' : 'leave-variants-out') },
  );
}

/** A warning if INT8 variants run on a GPU provider of ONNX Runtime, which simulates INT8 with float kernels. */
export function ortGpuWarnings(options: VariantOptions): Warning[] {
  const gpu = ortGpu(options);
  const quantized = options.variants.filter((variant) => needsThresholds(parseVariant(variant)));
  if (gpu === null || quantized.length === 0) return [];
  return [
    {
      code: 'int8-simulated',
      message:
        `ONNX Runtime's ${PROVIDER_NAMES[gpu.provider]} provider has no INT8 kernels for Q/DQ: ` +
        `${quantized.join(', ')} are computed in floating point with the rounding of INT8. ` +
        'Their accuracy is that of INT8, their time is not; the backend tensorrt shows it.',
    },
  ];
}

/**
 * Waits for `work`. If the options select a GPU provider, a crash of the compute process is reported as a provider
 * crash.
 */
export async function rethrowAsProviderCrash<T>(options: VariantOptions, work: Promise<T>): Promise<T> {
  const gpu = ortGpu(options);
  if (gpu === null) return work;
  return work.catch((error: unknown) => {
    if (
      !(error instanceof WorkbenchError) ||
      error.code !== 'compute-crashed' ||
      error.message.startsWith('ONNX Runtime')
    )
      throw error;
    throw new WorkbenchError(
      'compute-crashed',
      `ONNX Runtime's ${PROVIDER_NAMES[gpu.provider]} provider crashed: ${error.message}`,
      { hint: 'Update the driver of the GPU, or choose another backend.', cause: error.cause },
    );
  });
}
