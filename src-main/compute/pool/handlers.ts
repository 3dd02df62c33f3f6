import type { TaskContext } from '../../../src-shared/contract/progress';
import type { ComputeMethod, ComputeMethods, ExpectParams } from './protocol';
import { makeThreadsReady } from './ready-threads';

type Handler<M extends ComputeMethod> = (
  params: ComputeMethods[M]['params'],
  context: TaskContext,
) => Promise<ComputeMethods[M]['result']>;

/** A method whose code is loaded with the first request for it: a process rarely needs more than a few. */
function loaded<M extends ComputeMethod>(load: () => Promise<Handler<M>>): Handler<M> {
  return async (params, context) => (await load())(params, context);
}

const analyses = () => import('../tasks/analyses');
const calibration = () => import('../tasks/calibrate');
const backends = () => import('../tasks/backends');
const rewriting = () => import('../tasks/rewrite');

/** The implementation of every method of the compute process. */
export const HANDLERS: { readonly [M in ComputeMethod]: Handler<M> } = {
  prepare: loaded(async () => (await import('../tasks/prepare')).prepare),
  calibrate: loaded(async () => (await calibration()).calibrate),
  merge: loaded(async () => (await import('../tasks/merge-shards')).merge),
  rewrite: loaded(async () => (await rewriting()).rewrite),
  'open-imported': loaded(async () => (await import('../tasks/open-imported')).openImported),
  explain: loaded(async () => (await rewriting()).explain),
  'layer-weights': loaded(async () => (await import('../tasks/layer-weights')).layerWeights),
  'dla-map': loaded(async () => (await import('../tasks/dla-map')).dlaMap),
  evaluate: loaded(async () => (await import('../tasks/evaluate')).evaluate),
  'evaluate-shard': loaded(async () => (await import('../tasks/evaluate-shard')).evaluateShard),
  'trial-shard': loaded(async () => (await import('../tasks/trial-shard')).trialShard),
  auto: loaded(async () => (await analyses()).auto),
  best: loaded(async () => (await analyses()).best),
  sensitivity: loaded(async () => (await import('../tasks/sensitivity')).sensitivity),
  search: loaded(async () => (await analyses()).search),
  'release-order': loaded(async () => (await analyses()).releaseOrder),
  'correct-biases': loaded(async () => (await analyses()).correctBiases),
  'smoothing-factors': loaded(async () => (await import('../tasks/smoothing-factors')).smoothingFactors),
  'learn-repair': loaded(async () => (await import('../tasks/learn-repair')).learnRepair),
  evaluateCandidates: loaded(async () => (await analyses()).evaluateCandidates),
  expect,
  'check-images': loaded(async () => (await import('../tasks/check-images')).checkImages),
  'image-answers': loaded(async () => (await import('../tasks/image-answers')).imageAnswers),
  'record-answers': loaded(async () => (await import('../tasks/record-answers')).recordAnswers),
  'replay-package': loaded(async () => (await import('../tasks/replay-package')).replayPackage),
  'guess-task': loaded(async () => (await import('../tasks/guess-task')).guessTask),
  thumbnail: loaded(async () => (await backends()).thumbnail),
  preview: loaded(async () => (await backends()).preview),
  bench: loaded(async () => (await backends()).bench),
  versions: loaded(async () => (await backends()).versions),
  'ort-gpu-status': loaded(async () => (await backends()).ortGpuStatus),
  'tensorrt-status': loaded(async () => (await backends()).tensorrtStatus),
  'tensorrt-build': loaded(async () => (await import('../../backends/tensorrt/build-engine')).buildEngine),
  'tensorrt-layers': loaded(async () => (await backends()).engineLayers),
  'openvino-status': loaded(async () => (await backends()).openvinoStatus),
  'openvino-layers': loaded(async () => (await backends()).openvinoLayers),
};

async function expect({ role, threads }: ExpectParams): Promise<null> {
  await Promise.all([makeThreadsReady(role, threads), role === 'trials' ? analyses() : calibration()]);
  return null;
}
