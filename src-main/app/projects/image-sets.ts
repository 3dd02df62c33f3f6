import { LRUCache } from 'lru-cache';
import type { SetName } from '../../../src-shared/contract/requests';
import type { ImageSetView, Picture, PreprocessingPreview } from '../../../src-shared/contract/views';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { imageId, type ImageEntry, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { Compute } from '../../compute/pool/protocol';
import { loadSet, prepared, projectFeeding, type Workspace } from './workspace';

/** The two sets of a project, and those that it had before an edit. */
const KEPT_SETS = 4;

interface KnownSet {
  readonly entries: ReadonlyMap<string, ImageEntry>;
  readonly classNames: readonly string[];
}

export interface ThumbnailRequest {
  readonly set: SetName;
  readonly imageId: string;
  /** Longest side, pixels. */
  readonly size: number;
}

export interface PreviewRequest {
  readonly set: SetName;
  readonly imageId: string;
  /** Default: the project's preprocessing. */
  readonly preprocessing?: Preprocessing;
}

/**
 * The image sets of a project as screens show them. `view` lists the folder again; the list is kept, so that a
 * thumbnail or a preview does not list the folder for each image.
 */
export class ImageSets {
  private readonly sets = new LRUCache<string, KnownSet>({ max: KEPT_SETS });

  constructor(private readonly compute: Compute) {}

  async view(workspace: Workspace, which: SetName): Promise<ImageSetView> {
    const set = await loadSet(workspace, which, undefined);
    this.remember(keyOf(workspace, which), set);
    return {
      root: set.root,
      images: set.entries.map((entry) => ({
        id: imageId(entry),
        file: entry.file,
        label: entry.label,
        group: entry.group,
        ...(entry.truth?.kind === 'boxes' ? { boxes: entry.truth.boxes.map(({ label }) => label) } : {}),
        ...(entry.truth?.kind === 'mask' ? { hasMask: true as const } : {}),
      })),
      classNames: set.classNames,
      groups: set.groups,
      skipped: set.skipped,
      notes: (set.notes ?? []).map(({ message }) => message),
      labelOrder: set.labelOrder ?? null,
      truthFacts: set.truthFacts ?? null,
    };
  }

  async thumbnail(workspace: Workspace, request: ThumbnailRequest): Promise<Picture> {
    const entry = await this.entry(workspace, request.set, request.imageId);
    return this.compute.request('thumbnail', { entry, size: request.size, feeding: await this.feeding(workspace) }, {});
  }

  /** One image before and after preprocessing. */
  async preview(workspace: Workspace, request: PreviewRequest): Promise<PreprocessingPreview> {
    const entry = await this.entry(workspace, request.set, request.imageId);
    const { preprocessing = workspace.file.preprocessing } = request;
    const tried = { ...workspace, file: { ...workspace.file, preprocessing } };
    return this.compute.request('preview', { entry, feeding: await this.feeding(tried) }, {});
  }

  private async feeding(workspace: Workspace): Promise<Feeding> {
    return projectFeeding(workspace, await prepared(workspace, this.compute, {}));
  }

  private async entry(workspace: Workspace, which: SetName, id: string): Promise<ImageEntry> {
    return (await this.find(workspace, which, id)).entry;
  }

  /** An image of a set by its id, and the class names of the set. @throws WorkbenchError not-found */
  async find(
    workspace: Workspace,
    which: SetName,
    id: string,
  ): Promise<{ readonly entry: ImageEntry; readonly classNames: readonly string[] }> {
    const key = keyOf(workspace, which);
    const known = this.sets.get(key) ?? this.remember(key, await loadSet(workspace, which, undefined));
    const entry = known.entries.get(id);
    if (!entry)
      throw new WorkbenchError('not-found', `The ${which} set of ${workspace.file.name} has no image "${id}"`, {
        hint: 'Load the set again: its files may have changed.',
      });
    return { entry, classNames: known.classNames };
  }

  private remember(key: string, set: ImageSet): KnownSet {
    const known = {
      entries: new Map(set.entries.map((entry) => [imageId(entry), entry])),
      classNames: set.classNames,
    };
    this.sets.set(key, known);
    return known;
  }
}

function keyOf(workspace: Workspace, which: SetName): string {
  const { calibrationSet, validationSet, preprocessing, task } = workspace.file;
  return JSON.stringify([which, calibrationSet, validationSet, preprocessing.orientation, task?.kind]);
}
