import { statSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import type { RequestOf } from '../../../src-shared/contract/requests';
import type { ImageAnswersView, MaskView, TruthView } from '../../../src-shared/contract/views';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { isOnnx } from '../../backends/runnable-variant';
import { readMask, type MaskPixels } from '../../calibration/labels/mask-labels';
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
/** Longest side of the mask of a truth, in pixels. */
const MAX_MASK_SIDE = 2048;
/** Value of pixels whose class does not fit into a byte. */
const NOT_SHOWN = 255;

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
      truth: await truthView(entry),
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

/** @throws WorkbenchError labels-invalid when a mask cannot be read */
async function truthView({ label, truth }: ImageEntry): Promise<TruthView | null> {
  if (truth?.kind === 'boxes') return truth;
  if (truth?.kind === 'mask') return { kind: 'mask', mask: maskView(await readMask(truth)) };
  return label === null ? null : { kind: 'label', label };
}

/** A mask as large as its image, or every n-th pixel of it if it has too many to be shown. */
function maskView({ width, height, labels }: MaskPixels): MaskView {
  const step = Math.ceil(Math.max(width, height) / MAX_MASK_SIDE);
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const classes = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      classes[row * columns + column] = Math.min(labels[row * step * width + column * step] ?? NOT_SHOWN, NOT_SHOWN);
  return { width: columns, height: rows, classes, left: 0, top: 0, right: columns * step, bottom: rows * step };
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
