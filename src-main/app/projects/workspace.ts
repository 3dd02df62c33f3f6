import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { count, nullable, object, optional, string, type InferOutput } from '../../../src-shared/base/schema';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import { imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import { hasRepair } from '../../../src-shared/domain/project/precision';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import { DEFAULT_PERCENTILE } from '../../../src-shared/domain/project/methods';
import type { ProjectFile, SetReference } from '../../../src-shared/domain/project/project';
import type { TaskKind } from '../../../src-shared/domain/tasks/task';
import { spread } from '../../analysis/choose-images';
import type { OnnxVariant } from '../../backends/runnable-variant';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { feedingOf } from '../../calibration/inputs/feeding';
import { setArrays } from '../../calibration/inputs/set-arrays';
import { loadImageSet, setManifestHash, type ImageSetRequest } from '../../calibration/images/image-set';
import { orientationNotes } from '../../calibration/images/image-orientation';
import type { Compute, PrepareResult } from '../../compute/pool/protocol';
import { isIntact, isPrepared, preparedFacts } from '../../onnx/passes/prepared-store';
import type { Model } from '../../onnx/graph/model';
import { artifactPaths, type ArtifactPaths } from './artifact-paths';
import { ProjectCache } from './project-cache';
import { smoothingOf } from './smoothing-store';
import { checkProjectModel, loadProject, storedPath } from './project-store';

/** Part of every calibration key: increase it if the same images are counted differently. */
const COLLECTOR_VERSION = 2;
/** Part of every key of a prepared model: increase it if preparation changes the graph. */
const PREPARE_VERSION = 2;
/** Part of the keys of an equalized model and its calibration: increase it if equalization gives other weights. */
const EQUALIZATION_VERSION = 1;

/** A project that is open for a request or a job: its file, its folders, and what was read of them. */
export interface Workspace {
  readonly path: string;
  readonly file: ProjectFile;
  readonly paths: ArtifactPaths;
  readonly preparedDir: string;
  readonly cache: ProjectCache;
}

/** Reads the project file. @throws WorkbenchError not-found, project-invalid, project-newer */
export async function openWorkspace(projectPath: string, cache = new ProjectCache()): Promise<Workspace> {
  const workspace = workspaceOf(projectPath, await loadProject(projectPath), cache);
  await preloadCalibration(workspace);
  return workspace;
}

/** The workspace of a project with other content than its file has. */
export function workspaceOf(path: string, file: ProjectFile, cache = new ProjectCache()): Workspace {
  const paths = artifactPaths(path);
  return {
    path,
    file,
    paths,
    cache,
    preparedDir: paths.preparedDir(
      shortHash({ model: file.model.sha256, version: PREPARE_VERSION, ...rescalingOf(file) }),
    ),
  };
}

/**
 * An equalized or smoothed model has other weights and activations, so that its keys differ. The fields are omitted
 * without these repairs.
 */
function rescalingOf({ plan }: ProjectFile): { readonly equalization?: number; readonly smoothing?: string } {
  const smoothing = plan.repairs?.smoothing;
  return {
    ...(hasRepair(plan, 'equalization') ? { equalization: EQUALIZATION_VERSION } : {}),
    ...(smoothing === undefined ? {} : { smoothing }),
  };
}

/** Makes the prepared model unless it exists, and returns the notes about it. A damaged one is made again. */
export async function prepare(workspace: Workspace, compute: Compute, context: TaskContext): Promise<PrepareResult> {
  const { file, preparedDir } = workspace;
  // Read here, so that a command that needs no more than this starts no compute process.
  if (await isIntact(preparedDir, context.signal)) return preparedFacts(preparedDir);
  // A prepared model is never compared with its source again: it must come from the model that the project is for.
  await checkProjectModel(file, context.signal);
  const isDamaged = isPrepared(preparedDir);
  const result = await compute.request(
    'prepare',
    {
      modelPath: file.model.path,
      preparedDir,
      equalize: hasRepair(file.plan, 'equalization'),
      ...smoothingOf(workspace),
      isDamaged,
    },
    context,
  );
  if (!isDamaged) return result;
  return {
    ...result,
    notes: [
      ...result.notes,
      {
        code: 'prepared-again',
        message: `A file of ${preparedDir} was not what was written there; the prepared model was made again`,
      },
    ],
  };
}

/** Makes the prepared model unless it exists, and returns it. */
export async function prepared(workspace: Workspace, compute: Compute, context: TaskContext): Promise<Model> {
  await prepare(workspace, compute, context);
  return workspace.cache.model(workspace.preparedDir);
}

/** The sources of inputs, if the project names any: part of the keys of everything that is made with them. */
export function inputsOf({ inputs }: Pick<ProjectFile, 'inputs'>): Pick<ProjectFile, 'inputs'> {
  return inputs === undefined ? {} : { inputs };
}

/** How the inputs of the project's model are fed. @throws WorkbenchError model-unsupported */
export function projectFeeding({ file }: Pick<Workspace, 'file'>, model: Model): Feeding {
  const { preprocessing, inputs } = file;
  return feedingOf(model, { preprocessing, ...(inputs === undefined ? {} : { inputs }) });
}

export async function loadSet(
  workspace: Workspace,
  which: 'calibration' | 'validation',
  limit: number | undefined,
): Promise<ImageSet> {
  const reference = which === 'calibration' ? workspace.file.calibrationSet : workspace.file.validationSet;
  if (!reference) {
    throw new WorkbenchError('images-empty', `The project ${workspace.path} has no validation set`, {
      hint: advise('name-validation-set'),
    });
  }
  const found = await loadImageSet(setRequest(reference, workspace.file, which));
  const labelled = which === 'calibration' ? await withoutMistakenLabels(found, workspace.file) : found;
  const turned = workspace.file.preprocessing.orientation === 'apply' ? [] : await orientationNotes(labelled.entries);
  const set = turned.length === 0 ? labelled : { ...labelled, notes: [...(labelled.notes ?? []), ...turned] };
  return limit === undefined ? set : { ...set, entries: limited(set, limit) };
}

/** The prepared model as it runs without quantization. The model must have been prepared. */
export function fp32Variant({ preparedDir }: Workspace): OnnxVariant {
  return {
    kind: 'onnx',
    variant: 'fp32',
    modelPath: join(preparedDir, 'model.onnx'),
    weightsDir: preparedDir,
    simulate: false,
    hasFp16: false,
  };
}

/** What the tasks compare with. A user's own metric may use anything. */
const WANTED: Readonly<Record<TaskKind, ImageSetRequest['wanted']>> = {
  classification: 'labels',
  detection: 'boxes',
  segmentation: 'mask',
  embedding: 'labels',
  custom: undefined,
};

/** How a set of a project is loaded. A calibration needs no labels, so that a mistake in them does not stop it. */
export function setRequest(
  { path, labels, labelOrder, classNames, classOrder = [] }: SetReference,
  {
    preprocessing,
    inputs,
    task,
    validationSet,
  }: Pick<ProjectFile, 'preprocessing' | 'inputs' | 'task' | 'validationSet'>,
  which: 'calibration' | 'validation',
): ImageSetRequest {
  const names = classNames ?? validationSet?.classNames;
  const order = classOrder.length > 0 ? classOrder : (validationSet?.classOrder ?? []);
  const wanted = task === undefined ? undefined : WANTED[task.kind];
  return {
    path,
    ...setArrays(inputs),
    orientation: preprocessing.orientation,
    ...(wanted === undefined ? {} : { wanted }),
    isLenient: which === 'calibration',
    ...(labels === null ? {} : { labelsPath: labels }),
    ...(names === undefined ? {} : { classNamesPath: names }),
    ...(order.length === 0 ? {} : { classOrder: order }),
    ...(labelOrder === undefined ? {} : { labelOrder }),
  };
}

/**
 * A calibration folder with the folders day/ and night/ looks like a set with two labels. If the validation set has
 * labels and none of the calibration set's labels is among them, the folders of the calibration set are groups.
 */
async function withoutMistakenLabels(set: ImageSet, file: ProjectFile): Promise<ImageSet> {
  if (set.labelSource !== 'folders' || file.validationSet === null) return set;
  const { classNames } = await loadImageSet(setRequest(file.validationSet, file, 'validation'));
  if (classNames.length === 0 || set.classNames.some((name) => classNames.includes(name))) return set;
  return loadImageSet({ path: set.root, classNames, ...setArrays(file.inputs) });
}

/**
 * A part of a set. Of a list, whose order a person chose, the first images; of a folder, which is sorted by group and
 * label, images that are spread evenly over it, so that the part has the groups and labels of the whole.
 */
export function limited(set: ImageSet, limit: number): ImageSet['entries'] {
  const { entries } = set;
  return statSync(set.root).isDirectory() ? spread(entries, limit) : entries.slice(0, limit);
}

/**
 * Identity of a calibration: model, content of the images, their groups, preprocessing and collector. Order does not
 * matter.
 * @param manifest identity of the images; by default it is computed from all of them
 */
export async function calibrationKey(
  workspace: Workspace,
  set: ImageSet,
  context: TaskContext,
  manifest?: string,
): Promise<string> {
  const groups = set.entries.map((entry) => `${imageId(entry)}\0${entry.group ?? ''}`).sort();
  return shortHash({
    model: workspace.file.model.sha256,
    set: manifest ?? (await setManifestHash(set, context)),
    // The same images in other groups give other histograms per group.
    groups: set.groups.length === 0 ? [] : groups,
    preprocessing: workspace.file.preprocessing,
    ...inputsOf(workspace.file),
    prepare: PREPARE_VERSION,
    ...rescalingOf(workspace.file),
    collector: COLLECTOR_VERSION,
  });
}

/** The calibration that the project uses, and what it was made for. */
const currentCalibrationSchema = object({
  key: string,
  belongsTo: optional(string),
  /** Number of images that were collected; null or absent: all of the set. */
  limit: optional(nullable(count)),
});
type CurrentCalibration = Required<InferOutput<typeof currentCalibrationSchema>>;

/** Hash of what a calibration must have been made for to be the project's; computed without reading the images. */
function belongsTo({ file, paths }: Pick<Workspace, 'file' | 'paths'>): string {
  const dir = dirname(paths.projectFile);
  const { path, labels } = file.calibrationSet;
  // Relative as in the project file, so that a project and its images can be moved together.
  const set = { path: storedPath(dir, path), labels: labels === null ? null : storedPath(dir, labels) };
  return shortHash({
    model: file.model.sha256,
    set,
    preprocessing: file.preprocessing,
    ...inputsOf(file),
    prepare: PREPARE_VERSION,
    ...rescalingOf(file),
    collector: COLLECTOR_VERSION,
  });
}

export async function setCurrentCalibration(
  workspace: Workspace,
  key: string,
  limit: number | undefined,
): Promise<void> {
  const current: CurrentCalibration = { key, belongsTo: belongsTo(workspace), limit: limit ?? null };
  await writeFileAtomic(currentPath(workspace), JSON.stringify(current));
  await workspace.cache.preload(workspace.paths.calibrationDir(key));
}

async function preloadCalibration(workspace: Workspace): Promise<void> {
  const key = storedCalibration(workspace)?.key;
  if (key !== undefined) await workspace.cache.preload(workspace.paths.calibrationDir(key));
}

function currentPath({ file, paths }: Pick<Workspace, 'file' | 'paths'>): string {
  const smoothing = file.plan.repairs?.smoothing;
  return paths.currentCalibrationPath([
    ...(hasRepair(file.plan, 'equalization') ? ['equalized'] : []),
    ...(smoothing === undefined ? [] : ['smoothed', smoothing]),
  ]);
}

/** The key of the project's calibration; null if there is none for the model, set and preprocessing as they are now. */
export function currentCalibrationKey(workspace: Workspace): string | null {
  return currentCalibration(workspace)?.key ?? null;
}

/** The project's calibration, see currentCalibrationKey. */
export function currentCalibration(workspace: Workspace): Pick<CurrentCalibration, 'key' | 'limit'> | null {
  const current = storedCalibration(workspace);
  if (current === null || current.belongsTo !== belongsTo(workspace)) return null;
  return workspace.cache.calibration(workspace.paths.calibrationDir(current.key)) === null
    ? null
    : { key: current.key, limit: current.limit ?? null };
}

/** Whether the project was calibrated for another model, set or preprocessing than it has now. */
export function isCalibrationStale(workspace: Pick<Workspace, 'file' | 'paths'>): boolean {
  const current = storedCalibration(workspace);
  return current !== null && current.belongsTo !== belongsTo(workspace);
}

/** The calibration that was made last, even if it does not fit the project any more; null if there was none. */
function storedCalibration(
  workspace: Pick<Workspace, 'file' | 'paths'>,
): InferOutput<typeof currentCalibrationSchema> | null {
  return readStoredJson(currentPath(workspace), currentCalibrationSchema);
}

/** The project's calibration without its histograms; null if there is none, see currentCalibrationKey. */
export function calibrationIfAny(workspace: Workspace): StoredCalibration | null {
  const key = currentCalibrationKey(workspace);
  return key === null ? null : workspace.cache.calibration(workspace.paths.calibrationDir(key));
}

/** The project's calibration without its histograms. @throws WorkbenchError calibration-missing */
export function requireCalibration(workspace: Workspace): StoredCalibration {
  const calibration = calibrationIfAny(workspace);
  if (calibration !== null) return calibration;
  throw new WorkbenchError(
    'calibration-missing',
    `The project ${workspace.path} has no calibration for its model, images and preprocessing as they are now`,
    { hint: advise('calibrate', { project: workspace.path }) },
  );
}

/** The project's calibration with its histograms in memory. @throws WorkbenchError calibration-missing */
export function openCalibration(workspace: Workspace): Promise<StoredCalibration> {
  return requireCalibration(workspace).load();
}

/** The project's calibration with its histograms in memory; null if there is none. */
export async function openCalibrationIfAny(workspace: Workspace): Promise<StoredCalibration | null> {
  return (await calibrationIfAny(workspace)?.load()) ?? null;
}

/**
 * The project's calibration with what its thresholds need: a percentile of the person's own comes from the histograms.
 */
export async function calibrationForThresholds(workspace: Workspace): Promise<StoredCalibration> {
  const calibration = requireCalibration(workspace);
  return workspace.file.percentile === DEFAULT_PERCENTILE ? calibration : calibration.load();
}

/** Tensor -> what calibration saw; empty without a calibration. */
export function rangesOf(calibration: StoredCalibration | null): TensorRanges {
  return calibration?.ranges() ?? {};
}

export function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
