import { BACKENDS, TARGETS } from '../../src-shared/domain/precision';
import { oneOf, present, wholeNumber } from './command';

/** Flags shared by the commands that run variants. */
export const VARIANT_OPTIONS = {
  variants: { type: 'string' },
  backend: { type: 'string' },
  target: { type: 'string' },
  threads: { type: 'string' },
  activations: { type: 'string' },
} as const;

export const VARIANT_USAGE = `  --variants LIST   fp32, fp16, int8, mixed, int8-METHOD, mixed-METHOD, separated by commas
  --backend B       ${BACKENDS.join(', ')} (default ort-cpu)
  --target T        ${TARGETS.join(', ')} (default: the project's)
  --threads N       default: one per core
  --activations     int8 (default) or uint8 (asymmetric; target onnxruntime only)`;

export interface VariantFlagValues {
  readonly variants?: string | undefined;
  readonly backend?: string | undefined;
  readonly target?: string | undefined;
  readonly threads?: string | undefined;
  readonly activations?: string | undefined;
}

/** @throws WorkbenchError usage */
export function parseVariantFlags(values: VariantFlagValues) {
  return present({
    variants: values.variants
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    backend: oneOf('--backend', values.backend, BACKENDS),
    target: oneOf('--target', values.target, TARGETS),
    threads: wholeNumber('--threads', values.threads, 1, 256),
    activationType: oneOf('--activations', values.activations, ['int8', 'uint8'] as const),
  });
}
