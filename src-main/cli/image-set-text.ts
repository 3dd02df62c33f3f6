import type { WorkbenchApi } from '../../src-shared/contract/api';
import type { SetName } from '../../src-shared/contract/requests';
import type { ImageSetView } from '../../src-shared/contract/views';
import { formatCountOf } from '../../src-shared/base/units';
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
function setText(name: string, { images, classNames, groups, skipped }: ImageSetView): string {
  const some = (names: readonly string[]): string =>
    `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', ...' : ''}`;
  const labels = images.flatMap(({ label }) => (label === null ? [] : [label]));
  const highest = labels.reduce((most, label) => Math.max(most, label), 0);
  const classes =
    labels.length === 0
      ? 'no labels'
      : 'labels 0 to ' +
        `${highest}${classNames.length === 0 || classNames.length > MOST_NAMED ? '' : ` (${some(classNames)})`}`;
  const counted = groups.map((group) => `${group} (${images.filter((image) => image.group === group).length})`);
  const left =
    skipped.length === 0
      ? ''
      : `; ${formatCountOf(skipped.length, 'file')} left out, the first ${skipped[0]?.file}: ${skipped[0]?.reason}`;
  return (
    `${name} set: ${formatCountOf(images.length, 'image')}, ` +
    `${classes}${groups.length === 0 ? '' : `; groups ${some(counted)}`}${left}`
  );
}
