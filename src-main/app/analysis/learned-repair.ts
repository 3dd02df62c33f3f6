import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { choiceError } from '../../../src-shared/domain/analysis/analysis';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { withTaskOfChoice, type Trial } from '../../analysis/trials';
import type { LearnRepairComputed } from '../../compute/pool/protocol';
import { loadPrepared } from '../../onnx/passes/prepared-store';
import { learnedValues } from '../../calibration/histograms/learned-parameters';
import { setManifestHash } from '../../calibration/images/image-set';
import { defaultThreads, type JobContext } from '../job-context';
import { projectFeeding, rangesOf, requireCalibration, shortHash } from '../projects/workspace';
import { REWRITE_VERSION } from '../variants/recipe';
import { analysisSetup, type UsedImages } from './analysis-setup';

/** Version of the learning; raise it when the same request would give another result. */
const LEARNING_VERSION = 5;

/** What is learned, and within which limits. */
export interface LearnRequest {
  /** The quantized model to begin with; corrected biases, if it has any, are the start of the learned ones. */
  readonly trial: Trial;
  readonly target: Target;
  /** Only blocks with one of these layers are learned; null: all. */
  readonly layers: readonly string[] | null;
  /** Layers whose weights are rounded by learning. */
  readonly roundedLayers: readonly string[];
  /** Time for learning, without the comparison afterwards. */
  readonly minutes: number;
  /** Passes over the images in every block, for a reproducible result; null: as many as the time allows. */
  readonly epochs: number | null;
  /** Images to learn on, and others that confirm the result; both from sets of the project. */
  readonly learn: UsedImages;
  readonly confirm: UsedImages;
  readonly threads: number | undefined;
}

/** A learned repair. */
export interface LearnedRepair extends LearnRepairComputed {
  /**
   * The trial with all learned values. It is worth using only if `isKept`: its error on the confirming images, in the
   * worst group, is lower than that of the trial to begin with.
   */
  readonly trial: Trial;
  readonly isKept: boolean;
}

/**
 * Learns thresholds, biases and roundings of weights of a quantized model, and compares it with the model to begin with
 * on other images. Blocks that were learned before an interruption are taken from a journal.
 * @throws WorkbenchError images-empty with fewer than 8 usable images of one size, model-unsupported, cancelled
 */
export async function learnRepair(request: LearnRequest, job: JobContext): Promise<LearnedRepair> {
  const { workspace, services } = job;
  const { trial, target, layers, roundedLayers, minutes, epochs, learn, confirm } = request;
  const { preparedDir } = workspace;
  const threads = request.threads ?? defaultThreads();
  const setup = await analysisSetup({ target, threads }, job);
  const ranges = rangesOf(requireCalibration(workspace));
  const basis = shortHash({
    version: LEARNING_VERSION,
    rewrite: REWRITE_VERSION,
    onnxruntime: services.onnxruntimeVersion,
    prepared: basename(preparedDir),
    preprocessing: workspace.file.preprocessing,
    inputs: workspace.file.inputs ?? null,
    target,
    task: workspace.file.task ?? null,
    trial,
    layers,
    roundedLayers,
    limits: epochs ?? { minutes },
    manifest: await setManifestHash({ entries: learn.entries }, job),
  });
  await mkdir(workspace.paths.analysisDir, { recursive: true });
  const journalPath = join(workspace.paths.analysisDir, `learning-${basis}.jsonl`);
  const compute = async (task: Task | null): Promise<LearnRepairComputed> =>
    services.compute.request(
      'learn-repair',
      {
        learning: {
          preparedDir,
          target,
          ranges,
          feeding: projectFeeding(workspace, loadPrepared(preparedDir)),
          task: workspace.file.task ?? null,
          trial,
          entries: learn.entries,
          threads,
          layers,
          roundedLayers,
          limits: { seconds: 60 * minutes, epochs },
        },
        journalPath,
        basis,
        trials: await setup.trials([confirm], { outputsOnly: task === null }),
      },
      job,
    );
  const computed = await withTaskOfChoice(workspace.file.task, compute);
  await rm(journalPath, { force: true });
  return {
    ...computed,
    trial: { ...trial, thresholds: { ...trial.thresholds, ...computed.thresholds }, ...learnedValues(computed) },
    isKept: choiceError(computed.after) < choiceError(computed.before),
  };
}
