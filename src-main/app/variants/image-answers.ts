import { statSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import type { RequestOf } from '../../../src-shared/contract/requests';
import type { ImageAnswersView, TruthView } from '../../../src-shared/contract/views';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { isOnnx } from '../../backends/runnable-variant';
import { loadRun } from '../../runs/run-store';
import { ensureThresholds } from '../analysis/needed-decisions';
import type { JobContext } from '../job-context';
import type { ImageSets } from '../projects/image-sets';
import { prepared, projectFeeding, workspaceOf } from '../projects/workspace';
import { buildVariants } from './builder';
import type { BuiltVariant } from './built-variant';
import { variantOptions } from './options';

export type ImageAnswersRequest = Omit<RequestOf<'getImageAnswers'>, 'projectPath'>;

/** Answers that are kept, by the size of their arrays in bytes. */
const KEPT_BYTES = 64e6;

/**
 * The answers of variants to single images as screens show them: computed on the CPU when they are asked for, and kept.
 * Variants that do not exist yet are built, one request after the other.
 */
export class ImageAnswers {
  private readonly known = new LRUCache<string, ImageAnswersView>({ maxSize: KEPT_BYTES, sizeCalculation: bytesOf });
  private lastBuild: Promise<unknown> = Promise.resolve();

  constructor(private readonly sets: ImageSets) {}

  /** @throws WorkbenchError not-found, calibration-missing, image-invalid */
  async view(request: ImageAnswersRequest, job: JobContext): Promise<ImageAnswersView> {
    const { entry, classNames } = await this.sets.find(job.workspace, request.set, request.imageId);
    const own = request.runId === undefined ? job : await jobOfRun(request.runId, job);
    const { workspace, services } = own;
    const built = await this.build(request.variants, own);
    const task = request.task ?? workspace.file.task ?? null;
    const feeding = projectFeeding(workspace, await prepared(workspace, services.compute, own));
    const runnable = built.map((variant) => variant.runnable).filter(isOnnx);
    const key = JSON.stringify([entry, modifiedMs(entry.path), classNames, task, feeding, runnable]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { size, answers } = await services.compute.request(
      'image-answers',
      { entry, feeding, task, variants: runnable },
      own,
    );
    const view: ImageAnswersView = {
      width: size?.width ?? 0,
      height: size?.height ?? 0,
      truth: truthView(entry),
      classNames,
      variants: request.variants.map((variant, i) => ({
        variant,
        answer: answers[i] ?? { kind: 'failed', reason: 'The variant has no answer' },
      })),
    };
    this.known.set(key, view);
    return view;
  }

  private build(variants: readonly string[], job: JobContext): Promise<readonly BuiltVariant[]> {
    if (variants.length === 0) return Promise.resolve([]);
    const options = variantOptions({ variants, backend: 'ort-cpu' }, job.workspace, []);
    const build = this.lastBuild.then(async () => {
      await ensureThresholds(options, job);
      return buildVariants(options, job);
    });
    // A build that failed must not fail the next one.
    this.lastBuild = build.catch(() => undefined);
    return build;
  }
}

/** The job with the decisions of a recorded run instead of those that the project has now. */
async function jobOfRun(runId: string, job: JobContext): Promise<JobContext> {
  const { path, file, cache } = job.workspace;
  return { ...job, workspace: workspaceOf(path, withDecisionsOf(await loadRun(path, runId), file), cache) };
}

function withDecisionsOf({ options }: RunRecord, file: ProjectFile): ProjectFile {
  const { target, method, percentile, tensorMethods, manualThresholds, plan } = options;
  return { ...file, target, method, percentile, tensorMethods, manualThresholds, plan };
}

function truthView({ label, truth }: ImageEntry): TruthView | null {
  if (truth?.kind === 'boxes') return truth;
  return label === null ? null : { kind: 'label', label };
}

function modifiedMs(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function bytesOf({ truth, variants }: ImageAnswersView): number {
  const truthBytes =
    truth?.kind === 'mask' ? truth.mask.classes.byteLength : truth?.kind === 'boxes' ? 100 * truth.boxes.length : 0;
  return variants.reduce((sum, { answer }) => {
    if (answer.kind === 'segmentation') return sum + answer.mask.classes.byteLength;
    return answer.kind === 'detection' ? sum + 24 * answer.detections.scores.length : sum + 100;
  }, 1000 + truthBytes);
}
