import type { WorkbenchApi } from '../../src-shared/contract/api';
import type { SetName } from '../../src-shared/contract/requests';
import type { ImageSetView } from '../../src-shared/contract/views';
import { formatCountOf } from '../../src-shared/base/units';
import type { TruthFacts, TruthSource } from '../../src-shared/domain/project/image-set';
import type { ProjectFile } from '../../src-shared/domain/project/project';

/** Number of names that are listed if there are many. */
const SHOWN = 5;
/** With more classes than this no names are listed, because a few names would not be informative. */
const MOST_NAMED = 50;

/** Describes the sets of a project, and how their labels were interpreted if this is uncertain. */
export async function noteSets(
  project: { readonly path: string; readonly file: ProjectFile },
  api: WorkbenchApi,
  note: (text: string) => void,
): Promise<void> {
  const names: readonly SetName[] =
    project.file.validationSet === null ? ['calibration'] : ['calibration', 'validation'];
  for (const name of names) {
    const view = await api.getImageSet({ projectPath: project.path, set: name });
    note(setText(name, view));
    for (const remark of view.notes) note(`${name} set: ${remark}`);
  }
}

/**
 * `validation set: 1000 images, labels 0 to 9 of the folders 0_airplane, 1_automobile, ...; groups day (198), night
 * (186)`
 */
function setText(name: string, view: ImageSetView): string {
  const { images, groups, skipped } = view;
  const counted = groups.map((group) => `${group} (${images.filter((image) => image.group === group).length})`);
  const left =
    skipped.length === 0
      ? ''
      : `; ${formatCountOf(skipped.length, 'file')} left out, the first ${skipped[0]?.file}: ${skipped[0]?.reason}`;
  return (
    `${name} set: ${formatCountOf(images.length, 'image')}, ` +
    `${labelsText(view)}${groups.length === 0 ? '' : `; groups ${some(counted)}`}${left}`
  );
}

function some(names: readonly string[]): string {
  return `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', ...' : ''}`;
}

const SOURCE_NAMES: Readonly<Record<Exclude<TruthSource, 'masks'>, string>> = {
  yolo: 'YOLO files',
  coco: 'the COCO file',
  voc: 'Pascal VOC files',
};

/** `1137 boxes of 3 classes (RBC, WBC, ...) from Pascal VOC files in FOLDER`, or `labels 0 to 9 (cat, dog, ...)`. */
export function labelsText({ images, classNames, truthFacts }: ImageSetView): string {
  const named = classNames.length === 0 || classNames.length > MOST_NAMED ? '' : ` (${some(classNames)})`;
  if (truthFacts !== null) return truthText(truthFacts, named);
  const labels = images.flatMap(({ label }) => (label === null ? [] : [label]));
  const highest = labels.reduce((most, label) => Math.max(most, label), 0);
  return labels.length === 0 ? 'no labels' : `labels 0 to ${highest}${named}`;
}

function truthText(facts: TruthFacts, named: string): string {
  const { source, path, images, background, boxes, classes, crowds, difficult } = facts;
  if (source === 'masks') return `${formatCountOf(images, 'mask')}${named} in ${path}`;
  const from = `from ${SOURCE_NAMES[source]} ${source === 'coco' ? path : `in ${path}`}`;
  const more = [
    ...(crowds === 0 ? [] : [formatCountOf(crowds, 'crowd region')]),
    ...(difficult === 0 ? [] : [`${difficult} difficult`]),
    ...(background === 0 ? [] : [`${formatCountOf(background, 'image')} of background`]),
  ];
  return (
    `${formatCountOf(boxes, 'box', 'boxes')} of ${formatCountOf(classes.length, 'class', 'classes')}${named} ${from}` +
    (more.length === 0 ? '' : ` (${more.join(', ')})`)
  );
}
