import { basename, join } from 'node:path';
import type { ImageEntry, ImageSet } from '../../../src-shared/domain/project/image-set';
import type { Method } from '../../../src-shared/domain/project/methods';
import { allInt8, type PrecisionPlan, type Target } from '../../../src-shared/domain/project/precision';
import type { SensitiveLayer } from '../../analysis/sensitivity';
import type { Trial } from '../../analysis/trials';
import { learnedInUse, thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { setManifestHash } from '../../calibration/images/image-set';
import type { TrialParams } from '../../compute/trials/trial-pool';
import type { Model } from '../../onnx/graph/model';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import { weightOf } from '../../quantization/rules/compute-layers';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { sweepAnalyses } from './analysis-store';
import { inputsOf, openCalibration, prepared, projectFeeding, rangesOf, shortHash } from '../projects/workspace';
import { defaultThreads, type JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import { REWRITE_VERSION } from '../variants/recipe';

/** Version of the trials; raise it when the same trial would give another result. */
const TRIALS_VERSION = 4;

/** What the labels of a set say about an image. */
function labelOf({ label, truth }: ImageEntry): unknown {
  return [label, truth ?? null];
}

/** The images of a set that an analysis uses. */
export interface UsedImages {
  readonly set: ImageSet;
  readonly entries: readonly ImageEntry[];
}

/** The inputs that all analyses share. */
export interface AnalysisSetup {
  readonly model: Model;
  readonly calibration: StoredCalibration;
  readonly target: Target;
  /** The project's plan without released layers: all quantizable layers, and those requested by name, run in INT8. */
  readonly plan: PrecisionPlan;
  /** Layers that read quantized tensors under `plan`, in graph order. */
  readonly layers: readonly SensitiveLayer[];
  /**
   * The model with this plan, `plan` by default, and with the thresholds in use and what was learned with them.
   * @param method instead of the methods of the project
   */
  base(plan?: PrecisionPlan, method?: Method): Trial;
  /** Tensors whose thresholds determine scales under `plan`, in graph order. */
  readonly tensors: readonly string[];
  /**
   * Parameters for evaluating candidates on these images. Results are kept in a journal, so that an interrupted
   * analysis continues.
   */
  trials(images: readonly UsedImages[], options?: TrialOptions): Promise<TrialParams>;
}

interface TrialOptions {
  /** See TrialInit; false by default. */
  readonly asShipped?: boolean;
  /** Compare the outputs alone, without the measure of the task, which takes time. */
  readonly outputsOnly?: boolean;
}

/** Prepares the model and opens the calibration. @throws WorkbenchError calibration-missing */
export async function analysisSetup(
  spec: { readonly target?: Target; readonly threads?: number },
  job: JobContext,
): Promise<AnalysisSetup> {
  const { workspace, services } = job;
  const model = await prepared(workspace, services.compute, job);
  const calibration = await openCalibration(workspace);
  const target = spec.target ?? workspace.file.target;
  const plan = allInt8(workspace.file.plan);
  const parts = quantizedParts(model, plan, target);
  const ranges = rangesOf(calibration);
  return {
    model,
    calibration,
    target,
    plan,
    tensors: parts.tensors,
    layers: parts.layers.map((node) => ({
      layer: node.name,
      op: node.opType,
      output: node.output[0] ?? '',
      hasWeights: weightOf(graphFacts(model), node) !== null,
    })),
    base: (own = plan, method) => ({
      plan: own,
      thresholds: thresholdsInUse(calibration, { ...workspace.file, target }, method),
      ...learnedInUse(calibration, workspace.file, method),
    }),
    trials: async (images, { asShipped = false, outputsOnly = false } = {}) => {
      await sweepAnalyses(workspace.paths.analysisDir);
      const { preprocessing } = workspace.file;
      const task = outputsOnly ? null : (workspace.file.task ?? null);
      const metricHash = await allowedMetricHash(task ?? undefined, services.userDataDir);
      const manifests: string[] = [];
      for (const { entries } of images) manifests.push(await setManifestHash({ entries }, job));
      const key = shortHash({
        version: TRIALS_VERSION,
        rewrite: REWRITE_VERSION,
        onnxruntime: services.onnxruntimeVersion,
        prepared: basename(workspace.preparedDir),
        target,
        ranges,
        preprocessing,
        ...inputsOf(workspace.file),
        manifests,
        ...(asShipped ? { asShipped } : {}),
        // Answers are kept after they were compared with the labels.
        ...(metricHash === undefined ? {} : { metricHash }),
        ...(task === null ? {} : { task, labels: images.map(({ entries }) => entries.map(labelOf)) }),
      });
      return {
        preparedDir: workspace.preparedDir,
        target,
        ...(asShipped ? { asShipped } : {}),
        ranges,
        feeding: projectFeeding(workspace, model),
        task,
        ...(metricHash === undefined ? {} : { metricHash }),
        entries: images.flatMap(({ entries }) => entries),
        threads: spec.threads ?? defaultThreads(),
        journalPath: join(workspace.paths.analysisDir, `trials-${key}.jsonl`),
      };
    },
  };
}
