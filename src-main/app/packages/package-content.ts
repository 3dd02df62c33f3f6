import { copyFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ownValue } from '../../../src-shared/base/records';
import type { PackageSpec } from '../../../src-shared/contract/job-specs';
import { manifestOf, type PackageManifest } from '../../../src-shared/domain/packages/manifest';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import { imageId, type ImageEntry } from '../../../src-shared/domain/project/image-set';
import { inputScalesOf } from '../../backends/runnable-variant';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { JobContext } from '../job-context';
import { openCalibrationIfAny, prepared, projectFeeding } from '../projects/workspace';
import type { PackedModel } from './package-model';

export interface PackageContent {
  readonly spec: PackageSpec;
  readonly model: PackedModel;
  readonly manifest: PackageManifest;
  readonly feeding: Feeding;
  /** The folder in which the package is made. */
  readonly folder: string;
}

interface ContentTask {
  readonly spec: PackageSpec;
  readonly model: PackedModel;
  /** Images whose answers are recorded. */
  readonly entries: readonly ImageEntry[];
  readonly classNames: readonly string[];
  readonly folder: string;
}

/** Records the answers of a model, and writes the images, the class names and the record of the calibration. */
export async function contentOf(task: ContentTask, job: JobContext): Promise<PackageContent> {
  const { spec, model, entries, classNames, folder } = task;
  const { workspace, services } = job;
  const { file } = workspace;
  const feeding = projectFeeding(workspace, await prepared(workspace, services.compute, job));
  const recorded = await services.compute.request(
    'record-answers',
    { variant: model.runnable, feeding, entries, outDir: folder },
    job,
  );
  const samples = [];
  for (const [i, sample] of recorded.entries()) {
    const entry = entries.find((own) => imageId(own) === sample.id);
    samples.push({ ...sample, image: entry ? await copyImage(entry, `samples/${i + 1}/image`, folder) : null });
  }
  if (classNames.length > 0) await writeFile(join(folder, 'labels.txt'), `${classNames.join('\n')}\n`);
  await writeFile(join(folder, 'calibration.json'), `${JSON.stringify(await calibrationOf(job), null, 1)}\n`);
  const images = feeding.inputs.find(({ source }) => source.kind === 'images');
  const manifest = manifestOf({
    name: packageName(job),
    variant: model.variant,
    target: model.target,
    backend: spec.backend,
    model: model.file,
    modelSha256: model.sha256,
    sourceSha256: file.model.sha256,
    recordedWith: model.recordedWith,
    disabledOptimizers: [...model.disabledOptimizers],
    image:
      images === undefined
        ? null
        : { input: images.name, preprocessing: file.preprocessing, ...int8ScaleOf(model, images.name) },
    fixedBatch: feeding.fixedBatch,
    // A user's own metric is a program of this machine.
    task: file.task === undefined || file.task.kind === 'custom' ? null : file.task,
    classNames: [...classNames],
    samples,
  });
  return { spec, model, manifest, feeding: feedingOf(feeding, model), folder };
}

/** The inputs as the packed model takes them. */
function feedingOf(feeding: Feeding, { runnable }: PackedModel): Feeding {
  const inputs = feeding.inputs.map((input) =>
    ownValue(inputScalesOf(runnable), input.name) === undefined ? input : { ...input, dtype: 'int8' as const },
  );
  return { ...feeding, inputs };
}

function int8ScaleOf({ runnable }: PackedModel, input: string): { readonly int8Scale?: number } {
  const scale = ownValue(inputScalesOf(runnable), input);
  return scale === undefined ? {} : { int8Scale: scale };
}

/** The name of a project as servers take it. */
export function packageName({ workspace }: Pick<JobContext, 'workspace'>): string {
  return workspace.file.name.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}

/** Copies an image file; null for arrays, whose values are recorded as inputs. */
async function copyImage(entry: ImageEntry, name: string, folder: string): Promise<string | null> {
  if (entry.record !== null || /\.np[yz]$/i.test(entry.path)) return null;
  const file = `${name}${extname(entry.path).toLowerCase()}`;
  await copyFile(entry.path, join(folder, file));
  return file;
}

/** What the thresholds were made of; `null` without a calibration. */
async function calibrationOf({ workspace }: JobContext): Promise<unknown> {
  const calibration = await openCalibrationIfAny(workspace);
  if (calibration === null) return null;
  const { key, images, skipped, groups, sha256 } = calibration.index;
  const { method, percentile, plan, target } = workspace.file;
  const thresholds = thresholdsInUse(calibration, workspace.file);
  return { key, images, skipped, groups, histogramsSha256: sha256, method, percentile, target, plan, thresholds };
}
