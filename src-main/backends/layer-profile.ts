import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';
import { list, number, object, optional, parse, record, string } from '../../src-shared/base/schema';
import type { EngineLayer } from '../../src-shared/domain/engines/engine-layers';
import { ortEngineLayers, type GraphNode, type NodeTime } from '../../src-shared/domain/engines/ort-layers';
import type { Feeding } from '../../src-shared/domain/project/feeding';
import { medianOfSorted } from '../../src-shared/domain/statistics';
import { hasAttr } from '../onnx/graph/attributes';
import type { Model } from '../onnx/graph/model';
import { readModel } from '../onnx/wire/wire-reader';
import { syntheticFeeds } from './feeds';
import { OrtSession } from './ort-session';
import type { OnnxVariant } from './runnable-variant';

export interface ProfileTask {
  readonly variant: OnnxVariant;
  readonly threads: number;
  readonly feeding: Feeding;
  readonly batch: number;
  readonly onnxLayers: readonly NamedLayer[];
}

/** A layer of the model, with the names of the tensors that it computes. */
export interface NamedLayer {
  readonly name: string;
  readonly outputs: readonly string[];
}

/** The layers of a model as a runtime runs it, in order of execution, with the median time of each. */
export interface LayerProfile {
  readonly layers: readonly EngineLayer[];
  /** Median time of one run while it is profiled. */
  readonly runMs: number;
  /** Share of the time of the runs that is spent in kernels, 0..1; the rest is the runtime's work between them. */
  readonly kernelShare: number;
  readonly runs: number;
}

const WARM_UP_RUNS = 3;
const MIN_RUNS = 10;
const MAX_RUNS = 100;
const PROFILE_MS = 700;

/**
 * Runs a variant with ONNX Runtime's profiler and joins its kernels with the layers of the model.
 * @throws WorkbenchError model-unsupported if ONNX Runtime cannot write the optimized model, or its profile has no
 *   time of the device
 */
export async function profileLayers({
  variant,
  threads,
  feeding,
  batch,
  onnxLayers,
}: ProfileTask): Promise<LayerProfile> {
  const dir = await mkdtemp(join(tmpdir(), 'calib-profile-'));
  try {
    const optimizedPath = join(dir, 'optimized.onnx');
    const session = await OrtSession.open({
      ...variant,
      model: variant.modelPath,
      threads,
      profile: { prefix: join(dir, 'profile'), optimizedPath },
    });
    const feeds = syntheticFeeds(feeding, batch);
    const startedAt = performance.now();
    let runs = 0;
    for (; runs < WARM_UP_RUNS + MIN_RUNS || performance.now() - startedAt < PROFILE_MS; runs += 1) {
      if (runs === MAX_RUNS) break;
      await session.run(feeds);
    }
    session.endProfiling();
    await session.close();
    const file = (await readdir(dir)).find((name) => name.endsWith('.json'));
    const events: unknown = JSON.parse(await readFile(join(dir, file ?? ''), 'utf8'));
    const optimized = nodesOf(readModel(optimizedPath));
    const { times, ...sums } = timesOf(events, {
      runs,
      isGpu: variant.gpu !== undefined,
      nodes: new Set(optimized.map(({ name }) => name)),
    });
    const layers = ortEngineLayers({
      opened: nodesOf(readModel(variant.modelPath)),
      optimized,
      layers: new Set(onnxLayers.map(({ name }) => name)),
      times,
    });
    return { layers, ...sums, runs: runs - WARM_UP_RUNS };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function nodesOf({ graph }: Model): GraphNode[] {
  return graph.node.map((node) => ({
    name: node.name,
    op: node.opType,
    inputs: node.input,
    outputs: node.output,
    hasActivation: hasAttr(node, 'activation'),
  }));
}

const typesSchema = optional(list(record(list(number))));
const eventsSchema = list(
  object({
    cat: string,
    name: string,
    /** Microseconds. */
    dur: number,
    args: object({ provider: optional(string), input_type_shape: typesSchema, output_type_shape: typesSchema }),
  }),
);

const KERNEL = '_kernel_time';

/**
 * The median times of nodes and of a run. The time of a node on a GPU is that of its kernels; the event of the node is
 * the time of its launch. Kernels of CUDA are events of category Kernel that follow the event of their node; those of
 * WebGPU follow all nodes.
 * @throws WorkbenchError model-unsupported if it has no times of the GPU
 */
export function timesOf(
  events: unknown,
  { runs, isGpu, nodes }: { readonly runs: number; readonly isGpu: boolean; readonly nodes: ReadonlySet<string> },
): Pick<LayerProfile, 'runMs' | 'kernelShare'> & { readonly times: ReadonlyMap<string, NodeTime> } {
  const durations = new Map<string, number[]>();
  const facts = new Map<string, Omit<NodeTime, 'medianMs'>>();
  const runTimes: number[] = [];
  const listed = new Map<string, number[]>();
  let current: number[] | null = null;
  let hasDeviceTimes = false;
  for (const { cat, name, dur, args } of parse(eventsSchema, events)) {
    if (name === 'model_run') runTimes.push(dur / 1000);
    if (cat === 'Kernel' && current !== null) {
      hasDeviceTimes = true;
      current[current.length - 1] = (current.at(-1) ?? 0) + dur / 1000;
    }
    if (cat === 'Api' && isGpu) {
      const times = listed.get(name) ?? [];
      listed.set(name, times);
      times.push(dur / 1000);
    }
    const node = name.endsWith(KERNEL) ? name.slice(0, -KERNEL.length) : '';
    // The nodes of loop and branch bodies are part of the node around them.
    if (cat !== 'Node' || !nodes.has(node)) continue;
    current = durations.get(node) ?? [];
    durations.set(node, current);
    const provider = (args.provider ?? '').replace(/ExecutionProvider$/, '');
    current.push(isGpu && provider !== 'CPU' ? 0 : dur / 1000);
    facts.set(node, {
      provider,
      inputType: Object.keys(args.input_type_shape?.[0] ?? {})[0] ?? '',
      outputType: Object.keys(args.output_type_shape?.[0] ?? {})[0] ?? '',
    });
  }
  hasDeviceTimes ||= addWebGpuTimes(durations, listed);
  if (isGpu && !hasDeviceTimes)
    throw new WorkbenchError('model-unsupported', "The provider's profile has no times of kernels on the GPU");
  const timed = (values: readonly number[]): readonly number[] => values.slice(-Math.max(1, runs - WARM_UP_RUNS));
  const medianOf = (values: readonly number[]): number => medianOfSorted(timed(values).toSorted((a, b) => a - b));
  const sumOf = (values: readonly number[]): number => timed(values).reduce((sum, value) => sum + value, 0);
  const kernelsMs = [...durations.values()].reduce((sum, values) => sum + sumOf(values), 0);
  return {
    times: new Map(
      [...facts].map(([node, fact]) => [node, { ...fact, medianMs: medianOf(durations.get(node) ?? []) }]),
    ),
    runMs: medianOf(runTimes),
    kernelShare: kernelsMs / sumOf(runTimes),
  };
}

/**
 * Adds the times of WebGPU's kernels to those of their nodes; returns whether there are any.
 * @param durations node -> time of each run, in ms
 * @param listed NODE&OPERATOR&KERNEL -> times of all runs in order, in ms
 */
function addWebGpuTimes(
  durations: ReadonlyMap<string, number[]>,
  listed: ReadonlyMap<string, readonly number[]>,
): boolean {
  let hasTimes = false;
  for (const [kernel, all] of listed) {
    const times = durations.get(kernel.split('&').slice(0, -2).join('&'));
    if (times === undefined) continue;
    hasTimes = true;
    // Kernels that prepare weights run only once, in the first run.
    const perRun = Math.floor(all.length / times.length);
    for (const [i, ms] of all.slice(all.length - perRun * times.length).entries()) {
      const run = Math.floor(i / perRun);
      times[run] = (times[run] ?? 0) + ms;
    }
  }
  return hasTimes;
}
