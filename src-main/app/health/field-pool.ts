import { relative, resolve, sep } from 'node:path';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { imageSetOf } from '../../calibration/images/image-set';
import { setArrays } from '../../calibration/inputs/set-arrays';
import type { Workspace } from '../projects/workspace';
import { loadFieldSet } from './field-images';

/** Where images from the field lie. */
export interface FieldSource {
  /** A folder or a list. */
  readonly sourcePath: string;
  /** Only these files, below the folder. */
  readonly files?: readonly string[] | undefined;
  /** Only that many images, spread evenly over a folder. */
  readonly limit?: number | undefined;
}

/** Group of all images of a batch. */
export const BATCH_GROUP = 'batch';

/**
 * Unlabelled images from the field as one group. Files that were named and cannot be used are in `skipped`.
 * @throws WorkbenchError not-found, images-empty
 */
export async function loadFieldPool(workspace: Workspace, source: FieldSource): Promise<ImageSet> {
  const root = resolve(source.sourcePath);
  const found =
    source.files === undefined
      ? await loadFieldSet(workspace, root, source.limit)
      : await imageSetOf(
          root,
          source.files.map((path) => ({ path: resolve(path), file: displayed(root, resolve(path)) })),
          setArrays(workspace.file.inputs),
        );
  return { ...found, entries: found.entries.map((entry) => ({ ...entry, group: BATCH_GROUP })), groups: [BATCH_GROUP] };
}

function displayed(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}
