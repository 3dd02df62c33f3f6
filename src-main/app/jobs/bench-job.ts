import type { BenchResult, BenchSpec, BuildResult, BuildSpec } from '../../../src-shared/contract/jobs';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageInput, prepared, type Workspace } from '../workspace';
import { blamingProvider, ortGpuWarnings } from './ort-gpu';
import { defaultThreads, type JobServices } from './services';
import { variantPath } from '../../backends/runnable-variant';
import { buildVariants, variantOptions } from './variants';

const DEFAULT_VARIANTS = ['fp32', 'int8', 'mixed'];
const DEFAULT_ROUNDS = 20;

export async function buildJob(spec: BuildSpec, workspace: Workspace, services: JobServices, context: TaskContext): Promise<BuildResult> {
  const options = variantOptions(spec, workspace, DEFAULT_VARIANTS);
  const built = await buildVariants(options, workspace, services, context);
  return {
    backend: options.backend,
    engines: built.map((engine) => ({
      variant: engine.runnable.variant,
      path: variantPath(engine.runnable),
      sizeMb: engine.sizeBytes / 1e6,
      seconds: engine.seconds,
      built: engine.built,
      ...(engine.engine ? { summary: engine.engine.summary, layersPath: engine.engine.layersPath } : {}),
    })),
    warnings: built.flatMap(({ runnable, engine }) => (engine?.log ?? []).map((message) => ({ code: 'tensorrt', message: `${runnable.variant}: ${message}` }))),
  };
}

/** Times variants in turns; fp32 comes first when it is among them, since ratios refer to the first. */
export async function benchJob(spec: BenchSpec, workspace: Workspace, services: JobServices, context: TaskContext): Promise<BenchResult> {
  const asked = variantOptions(spec, workspace, DEFAULT_VARIANTS);
  if (asked.target !== 'onnxruntime' && asked.backend === 'ort-cpu') {
    throw new WorkbenchError('usage', `Backend ${asked.backend} only simulates the ${asked.target} layout; the time of a simulation says nothing about an engine`, {
      hint: 'Add --target onnxruntime to benchmark what ONNX Runtime runs.',
    });
  }
  const batch = spec.batch === undefined ? {} : { tensorrt: { ...asked.tensorrt, batches: [spec.batch] } };
  const options = { ...asked, ...batch, variants: ['fp32', ...asked.variants.filter((variant) => variant !== 'fp32')] };
  const built = await buildVariants(options, workspace, services, context);
  const input = imageInput(await prepared(workspace, services.compute, context));
  if (spec.batch !== undefined && input.fixedBatch !== null && spec.batch !== input.fixedBatch) {
    throw new WorkbenchError('usage', `Expected batch ${input.fixedBatch}, which the model fixes, but --batch is ${spec.batch}`);
  }
  const threads = spec.threads ?? defaultThreads();
  const rounds = spec.rounds ?? DEFAULT_ROUNDS;
  const params = {
    variants: built.map(({ runnable }) => runnable),
    sizesMb: Object.fromEntries(built.map((engine) => [engine.runnable.variant, engine.sizeBytes / 1e6])),
    input,
    batches: input.fixedBatch === null ? options.tensorrt.batches : [input.fixedBatch],
    tensorrt: options.tensorrt,
    threads,
    rounds,
  };
  const outcome = await blamingProvider(options, services.compute.request('bench', params, context));
  const variants = outcome.variants.filter((variant) => asked.variants.includes(variant.variant));
  const { device, gpu } = outcome;
  const warnings = [...ortGpuWarnings(asked), ...outcome.warnings];
  return { backend: options.backend, device, threads, rounds, variants, warnings, ...(gpu === undefined ? {} : { gpu }) };
}
