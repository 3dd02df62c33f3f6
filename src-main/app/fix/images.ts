import type { FixResult } from '../../../src-shared/domain/analysis/fix';
import { chooseDisjoint, chooseImages } from '../../analysis/choose-images';
import { loadImageSet } from '../../calibration/images/image-set';
import { setArrays } from '../../calibration/inputs/set-arrays';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import type { UsedImages } from '../analysis/analysis-setup';
import { loadSet, type Workspace } from '../projects/workspace';

/** Field images are divided between choosing and judging if there are at least this many. */
const DIVIDED = 64;
/** Without a validation set, calibration images that did not choose judge. */
const JUDGING_CALIBRATION = 512;

/** The images of a fix. Those that judge did not choose, unless there are too few to divide. */
export interface FixImages {
  readonly choosing: UsedImages;
  readonly judging: ImageSet;
  readonly judgedOn: FixResult['judgedOn'];
}

/**
 * @param count number of images that choose
 * @param spec.againstPath images from the field, which take precedence over the sets of the project
 * @param spec.limit number of images that judge; default: all
 */
export async function fixImages(
  count: number,
  { againstPath, limit }: { readonly againstPath?: string | undefined; readonly limit?: number | undefined },
  workspace: Workspace,
): Promise<FixImages> {
  if (againstPath !== undefined) {
    const field = await loadImageSet({ path: againstPath, ...setArrays(workspace.file.inputs) });
    // Names of folders in the field are not classes of the model.
    const entries = field.entries.map((entry) => ({ ...entry, label: null }));
    const set: ImageSet = { ...field, entries, labelSource: 'none' };
    if (entries.length < DIVIDED)
      return { choosing: { set, entries }, judging: limited(set, limit), judgedOn: 'against' };
    const { chosen, confirmed } = chooseDisjoint(
      entries,
      Math.min(count, Math.floor(entries.length / 2)),
      entries.length,
    );
    return {
      choosing: { set, entries: chosen },
      judging: limited({ ...set, entries: confirmed }, limit),
      judgedOn: 'against',
    };
  }
  const set = await loadSet(workspace, 'calibration', undefined);
  if (workspace.file.validationSet !== null) {
    const judging = await loadSet(workspace, 'validation', limit);
    return { choosing: { set, entries: chooseImages(set.entries, count) }, judging, judgedOn: 'validation' };
  }
  const { chosen, confirmed } = chooseDisjoint(
    set.entries,
    Math.min(count, Math.ceil(set.entries.length / 2)),
    JUDGING_CALIBRATION,
  );
  return {
    choosing: { set, entries: chosen },
    judging: limited({ ...set, entries: confirmed.length === 0 ? chosen : confirmed }, limit),
    judgedOn: 'calibration',
  };
}

function limited(set: ImageSet, limit: number | undefined): ImageSet {
  return limit === undefined ? set : { ...set, entries: chooseImages(set.entries, limit) };
}
