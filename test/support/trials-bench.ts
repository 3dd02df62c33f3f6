import { worstNmse } from '../../src-shared/domain/analysis/analysis';
import {
  openWorkspace,
  openCalibration,
  loadSet,
  projectFeeding,
  rangesOf,
} from '../../src-main/app/projects/workspace';
import { autoCandidates } from '../../src-main/app/analysis/auto-thresholds';
import { layerWorks } from '../../src-main/app/analysis/search-setup';
import { chooseThresholds } from '../../src-main/analysis/auto';
import { chooseImages, spread } from '../../src-main/analysis/choose-images';
import { releasedTrial, releaseOrder } from '../../src-main/analysis/release-order';
import { qualitiesOf, type Trial, type TrialAnswer, type Trials } from '../../src-main/analysis/trials';
import { outputErrors } from '../../src-main/analysis/variant-evaluator';
import { stackImages } from '../../src-main/backends/feeds';
import type { OutputTensor } from '../../src-main/backends/runnable-variant';
import { createFeedLoader } from '../../src-main/calibration/inputs/feed-loader';
import { thresholdsInUse } from '../../src-main/calibration/histograms/threshold-table';
import { ProgramRunner } from '../../src-main/compute/trials/program-runner';
import { SharedSteps } from '../../src-main/compute/trials/shared-steps';
import { hasOpenBatch, inputDimsOf, resizableInputs } from '../../src-main/compute/trials/trial-images';
import { TrialModels } from '../../src-main/compute/trials/trial-models';
import type { TrialProgram } from '../../src-main/compute/trials/trial-program';
import { loadPrepared } from '../../src-main/onnx/passes/prepared-store';
import { quantizedParts } from '../../src-main/quantization/rewrite/calibration-tensors';
import { releaseCostUs } from '../../src-shared/domain/runs/latency-model';
import { allInt8 } from '../../src-shared/domain/project/precision';

/** What analyses of a project decide. */
export interface Decisions {
  /** The error of all layers in INT8. */
  readonly error: number;
  readonly auto: {
    readonly verdict: string;
    readonly bestSingle: string;
    readonly methods: Readonly<Record<string, string>>;
  };
  /** All layers by the gain of their release, then the set to release for each number of them. */
  readonly ranking: readonly { readonly layer: string; readonly gain: number }[];
  readonly sets: readonly (readonly string[])[];
  readonly seconds: number;
  readonly sessions: number;
}

/** Trials in this thread, in segments or each as a model of its own. */
class PlainTrials implements Trials {
  readonly images;
  readonly reference: { signal: readonly number[]; top1: number }[] = [];
  private readonly outputs: OutputTensor[][] = [];
  private readonly steps = new SharedSteps();
  private latest: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly models: TrialModels,
    private readonly runner: ProgramRunner,
    private readonly feeds: readonly ReturnType<typeof stackImages>[],
    groups: readonly (string | null)[],
  ) {
    this.images = groups.map((group, i) => ({ file: String(i), group, label: null }));
  }

  async measureReference(): Promise<void> {
    for (const own of await this.outputsOf(this.models.reference(), [...this.feeds.keys()])) {
      this.outputs.push(own.map((output) => ({ ...output, data: output.data && output.data.slice() })));
      this.reference.push({ signal: outputErrors(own, own).map(({ signal }) => signal), top1: -1 });
    }
  }

  /** The runner takes one request after the other. */
  run(trials: readonly Trial[], at: readonly number[]): Promise<TrialAnswer[][]> {
    const found = this.latest.then(() => this.runInTurn(trials, at));
    this.latest = found.catch(() => undefined);
    return found;
  }

  private async runInTurn(trials: readonly Trial[], at: readonly number[]): Promise<TrialAnswer[][]> {
    const found: TrialAnswer[][] = [];
    for (const trial of trials) {
      const program = this.models.of(trial);
      const answers: TrialAnswer[] = [];
      for (const [i, own] of (await this.outputsOf(program, at)).entries()) {
        const errors = outputErrors(own, this.outputs[at[i] ?? 0] ?? []);
        answers.push({ noise: errors.map(({ noise }) => noise), top1: -1 });
      }
      found.push(answers);
    }
    return found;
  }

  private outputsOf(program: TrialProgram, images: readonly number[]): Promise<OutputTensor[][]> {
    this.runner.define(program.steps.map(({ structure }) => this.models.structure(structure)));
    const kept = new Set(this.steps.keptOf(program));
    const runs = images.map((image) => ({ id: String(image), feeds: () => this.feeds[image] ?? [], images: 1 }));
    return this.runner.run(program, runs, kept);
  }
}

interface Options {
  /** false: every trial is a rewritten model in a session of its own, which runs as a whole. */
  readonly divides: boolean;
  /** Number of images that choose; as many others confirm. */
  readonly count: number;
}

/** @param unseen number of images to run on instead, of those that neither choose nor confirm. */
async function openBench(projectPath: string, { divides, count }: Options, unseen?: number) {
  const workspace = await openWorkspace(projectPath);
  const calibration = await openCalibration(workspace);
  const model = loadPrepared(workspace.preparedDir);
  const feeding = projectFeeding(workspace, model);
  const plan = allInt8(workspace.file.plan);
  const set = await loadSet(workspace, 'calibration', undefined);
  const used = chooseImages(set.entries, 2 * count);
  const others = set.entries.filter((entry) => !used.includes(entry));
  const entries = unseen === undefined ? used : spread(others, unseen);
  const loader = createFeedLoader(feeding);
  const feeds = [];
  for (const entry of entries) feeds.push(stackImages(feeding, [await loader.load(entry)], feeding.fixedBatch ?? 1));
  const options = { inputDims: inputDimsOf(feeding), hasOpenBatch: hasOpenBatch(feeding), divides };
  const models = new TrialModels(workspace.preparedDir, workspace.file.target, rangesOf(calibration), options);
  const runner = new ProgramRunner({
    weightsDir: workspace.preparedDir,
    simulate: models.simulates,
    shapes: models.shapes,
    resizable: resizableInputs(feeding),
    valueBytes: 2 ** 30,
    sessionBytes: divides ? 2 ** 29 : 0,
  });
  const groups = entries.map(({ group }) => group);
  const trials = new PlainTrials(models, runner, feeds, groups);
  await trials.measureReference();
  const chosen = spread([...entries.keys()], count);
  const confirmed = [...entries.keys()].filter((image) => !chosen.includes(image));
  const base = { plan, thresholds: thresholdsInUse(calibration, workspace.file) };
  return { workspace, calibration, model, runner, trials, chosen, confirmed, base };
}

/** @param options.maxLayers the largest number of layers to release */
export async function decide(
  projectPath: string,
  { maxLayers, ...options }: Options & { readonly maxLayers: number },
): Promise<Decisions> {
  const startedAt = performance.now();
  const bench = await openBench(projectPath, options);
  const { workspace, calibration, model, runner, trials, chosen, confirmed, base } = bench;
  const { tensors, layers } = quantizedParts(model, base.plan, workspace.file.target);
  const thresholds = autoCandidates(calibration, workspace.file);
  const auto = await chooseThresholds(trials, { plan: base.plan, tensors, thresholds, chosen, confirmed });
  const works = layerWorks({ model, calibration, layers: layers.map(({ name }) => ({ layer: name })) });
  const costs = works.map(({ layer, work }) => ({ layer, costUs: releaseCostUs(work) }));
  const released = await releaseOrder(trials, { base, layers: costs, images: chosen, maxLayers });
  const [quality] = await qualitiesOf(trials, [base], chosen);
  const sessions = runner.clock.opens;
  await runner.close();
  return {
    error: quality ? worstNmse(quality) : Number.NaN,
    auto: { verdict: auto.verdict, bestSingle: auto.bestSingle, methods: auto.methods },
    ranking: released.ranking,
    sets: released.sets,
    seconds: (performance.now() - startedAt) / 1000,
    sessions,
  };
}

/** The output errors of whole models with these layers released, on images that did not choose them. */
export async function unseenErrors(
  projectPath: string,
  { count, unseen }: { readonly count: number; readonly unseen: number },
  sets: readonly (readonly string[])[],
): Promise<readonly number[]> {
  const { runner, trials, base } = await openBench(projectPath, { divides: false, count }, unseen);
  const qualities = await qualitiesOf(
    trials,
    sets.map((layers) => releasedTrial(base, layers)),
    [...trials.images.keys()],
  );
  await runner.close();
  return qualities.map(worstNmse);
}
