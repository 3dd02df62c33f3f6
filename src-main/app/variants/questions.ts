import type { LowFormat, Target } from '../../../src-shared/domain/project/precision';
import { isQuestion, lowFormatOf, parseVariant, type VariantName } from '../../../src-shared/domain/project/variant';
import type { RefusedVariant } from '../../../src-shared/domain/runs/questions';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TensorrtStatus } from '../../compute/pool/protocol';
import type { Model } from '../../onnx/graph/model';
import { sparsityCandidates } from '../../onnx/passes/sparse-weights';
import { lowFormatLayers, lowFormatObstacle } from '../../quantization/rules/low-format-rules';
import type { JobContext } from '../job-context';
import { prepared } from '../projects/workspace';
import { buildVariants } from './builder';
import type { BuiltVariant } from './built-variant';
import type { VariantOptions } from './options';

/** The oldest GPUs with FP8 kernels (Ada) and with kernels for 2:4 sparse weights (Ampere). */
const FP8_CAPABILITY = 8.9;
const SPARSE_CAPABILITY = 8;

/** `time`: engines are timed. `judge`: only their answers matter. */
type Purpose = 'time' | 'judge';

/** Variants that can be built, and questions that were refused. */
export interface Asked {
  readonly options: VariantOptions;
  readonly refused: readonly RefusedVariant[];
}

/**
 * Takes out the questions that cannot be asked with these options, with the reason.
 * @throws WorkbenchError model-unsupported if only questions were asked for and all of them are refused
 */
export async function withoutRefused(options: VariantOptions, purpose: Purpose, job: JobContext): Promise<Asked> {
  const questions = options.variants.filter(isQuestion);
  if (questions.length === 0) return { options, refused: [] };
  const { compute } = job.services;
  const model = await prepared(job.workspace, compute, job);
  const status = options.backend === 'tensorrt' ? await compute.request('tensorrt-status', {}, job) : null;
  const refused = questions.flatMap((variant): RefusedVariant[] => {
    const name = parseVariant(variant);
    const reason = modelReason(name, model, options) ?? backendReason(name, purpose, options, status);
    return reason === null ? [] : [{ variant, ...reason }];
  });
  return remaining(options, refused);
}

/** TensorRT builds no engine, or ends the process: 10.6 runs out of memory on INT4 weights ("LLVM ERROR"). */
const BUILD_FAILURES: ReadonlySet<string> = new Set(['model-unsupported', 'compute-crashed']);

/** Builds variants. A question that TensorRT refuses to build, or crashes on, is not an error of the others. */
export async function buildAsked(
  { options, refused }: Asked,
  job: JobContext,
): Promise<Asked & { readonly built: readonly BuiltVariant[] }> {
  const usual = options.variants.filter((variant) => !isQuestion(variant));
  const built = usual.length === 0 ? [] : await buildVariants({ ...options, variants: usual }, job);
  const more: RefusedVariant[] = [];
  for (const variant of options.variants.filter(isQuestion)) {
    try {
      built.push(...(await buildVariants({ ...options, variants: [variant] }, job)));
    } catch (error) {
      if (!(error instanceof WorkbenchError) || !BUILD_FAILURES.has(error.code)) throw error;
      more.push({ variant, code: 'build-failed', reason: error.message });
    }
  }
  return { ...remaining(options, [...refused, ...more]), built };
}

function remaining(options: VariantOptions, refused: readonly RefusedVariant[]): Asked {
  const variants = options.variants.filter((variant) => !refused.some((each) => each.variant === variant));
  const [first] = refused;
  if (first !== undefined && variants.every((variant) => variant === 'fp32')) {
    throw new WorkbenchError(
      'model-unsupported',
      refused.map(({ variant, reason }) => `${variant}: ${reason}`).join('; '),
      { hint: 'Leave these variants out, or ask for others beside them.' },
    );
  }
  return { options: { ...options, variants }, refused };
}

type Reason = Pick<RefusedVariant, 'code' | 'reason'> | null;

/** Why no layer of a model changes in a question; null if one does. */
export function modelReason(name: VariantName, model: Model, { target }: Pick<VariantOptions, 'target'>): Reason {
  const format = lowFormatOf(name);
  if (format !== null) {
    if (lowFormatLayers(model, format, target).length > 0) return null;
    const obstacle = lowFormatObstacle(model, format, target);
    return { code: 'no-layers', reason: `none of its layers qualifies${obstacle === null ? '' : `: ${obstacle}`}` };
  }
  return sparsityCandidates(model).length > 0
    ? null
    : { code: 'no-layers', reason: 'none of its layers has input channels in groups of four' };
}

function backendReason(
  name: VariantName,
  purpose: Purpose,
  { backend, target, tensorrt }: VariantOptions,
  status: TensorrtStatus | null,
): Reason {
  const format = lowFormatOf(name);
  const reason = fp8TargetReason(name, target);
  if (reason !== null) return { code: 'target', reason };
  if (status !== null) return tensorrtReason(format, tensorrt.typing, status.devices[tensorrt.device]);
  if (backend === 'ort-cpu') {
    // ONNX Runtime's CPU provider multiplies with INT4 weights, but computes FP8 and pruned weights as others.
    if (purpose === 'judge' || format === 'w4') return null;
    const what = format === null ? 'sparse weights' : 'FP8';
    return { code: 'no-kernels', reason: `ONNX Runtime's CPU provider has no kernels for ${what}` };
  }
  if (format === null && purpose === 'judge') return null;
  return { code: 'backend', reason: 'it is judged with the backends ort-cpu and tensorrt, and timed with tensorrt' };
}

/** Why a variant is not written for a target; null if it is. */
export function fp8TargetReason(name: VariantName, target: Target): string | null {
  return name.kind === 'fp8' && target !== 'tensorrt'
    ? 'ONNX Runtime has no FP8 kernels, and its fusions make invalid models of FP8; it exists for the target tensorrt'
    : null;
}

function tensorrtReason(
  format: LowFormat | null,
  typing: VariantOptions['tensorrt']['typing'],
  device: TensorrtStatus['devices'][number] | undefined,
): Reason {
  if (typing === 'implicit')
    return { code: 'implicit', reason: 'implicit typing builds from the model as it was given, in INT8 or above' };
  // A GPU that does not exist is reported by the build.
  if (device === undefined || format === 'w4') return null;
  const [needed, what] = format === 'fp8' ? [FP8_CAPABILITY, 'FP8'] : ([SPARSE_CAPABILITY, 'sparse weights'] as const);
  const found = Number(device.computeCapability);
  if (found >= needed) return null;
  const reason = `${device.name} has compute capability ${device.computeCapability}; kernels for ${what} exist from ${needed.toFixed(1)} on`;
  return { code: 'gpu', reason };
}
