import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { loadImageSet } from '../../calibration/images/image-set';
import type { Compute } from '../../compute/pool/protocol';
import type { Model } from '../../onnx/graph/model';
import { readModel } from '../../onnx/wire/wire-reader';
import { defaultThreads } from '../job-context';
import { fp32Variant, limited, prepared, projectFeeding, setRequest, workspaceOf, type Workspace } from './workspace';

/** Images whose objects are compared with the detections of the model. */
const COMPARED_IMAGES = 24;
/** Class names that a note lists. */
const SHOWN_CLASSES = 8;

/**
 * The project with the names of the classes in the order of the model, if the labels of its validation set state none:
 * Pascal VOC files name classes without an order. The names in the metadata of the model decide; without them the
 * detections of FP32 in a few images are compared with the labels, whatever their classes. The project stays as it is
 * if neither is clear, and the validation then warns about classes that do not fit.
 */
export async function withClassOrder(workspace: Workspace, file: ProjectFile, compute: Compute): Promise<ProjectFile> {
  const { validationSet, task } = file;
  if (task?.kind !== 'detection' || validationSet === null) return file;
  const set = await loadImageSet(setRequest(validationSet, file, 'validation'));
  if (!isOrderUnknown(set)) return file;
  const fromMetadata = namesInMetadata(readModel(file.model.path));
  if (set.classNames.every((name) => fromMetadata.includes(name)))
    return withOrder(file, fromMetadata, 'as the metadata of the model names them');
  const order = await orderOfDetections(workspaceOf(workspace.path, file, workspace.cache), set, compute);
  if (order === null) return file;
  const how =
    "found by comparing the model's boxes with the labels of " +
    formatCountOf(Math.min(COMPARED_IMAGES, set.entries.length), 'image');
  return withOrder(file, order, how);
}

/** Pascal VOC labels without a names file: the class indices are the positions of the sorted names. */
function isOrderUnknown({ labelSource, notes = [] }: ImageSet): boolean {
  return labelSource === 'voc' && notes.some(({ code }) => code === 'labels-classes');
}

function withOrder(file: ProjectFile, classOrder: readonly string[], how: string): ProjectFile {
  if (file.validationSet === null) return file;
  const listed = classOrder.slice(0, SHOWN_CLASSES).map((name, index) => `${name} ${index}`);
  const note = `Classes: ${listed.join(', ')}${classOrder.length > SHOWN_CLASSES ? ', ...' : ''}, ${how}.`;
  return {
    ...file,
    validationSet: { ...file.validationSet, classOrder },
    taskNotes: [...(file.taskNotes ?? []), note],
  };
}

/**
 * The class names that Ultralytics writes into its models, as a Python dictionary in the entry `names`:
 * `{0: 'person', 1: 'bicycle'}`. Empty without them, or if an index is missing.
 */
export function namesInMetadata({ metadataProps }: Pick<Model, 'metadataProps'>): readonly string[] {
  const text = metadataProps.find(({ key }) => key === 'names')?.value ?? '';
  const names: string[] = [];
  for (const [, index = '', single, double] of text.matchAll(/(\d+): (?:'([^']*)'|"([^"]*)")/g)) {
    if (Number(index) !== names.length) return [];
    names.push(single ?? double ?? '');
  }
  return names;
}

async function orderOfDetections(
  workspace: Workspace,
  set: ImageSet,
  compute: Compute,
): Promise<readonly string[] | null> {
  const feeding = projectFeeding(workspace, await prepared(workspace, compute, {}));
  try {
    const { classOrder } = await compute.request(
      'evaluate',
      {
        variants: [fp32Variant(workspace)],
        feeding,
        task: workspace.file.task ?? null,
        set: { ...set, entries: limited(set, COMPARED_IMAGES), skipped: [] },
        threads: defaultThreads(),
        batch: feeding.fixedBatch ?? 1,
      },
      {},
    );
    return classOrder ?? null;
  } catch (error) {
    // The validation will say what is wrong with the model or its images.
    if (error instanceof WorkbenchError) return null;
    throw error;
  }
}
