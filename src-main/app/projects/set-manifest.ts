import type { Shard } from '../../../src-shared/contract/job-specs';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { SetName } from '../../../src-shared/contract/requests';
import type { ImageEntry, ImageSet } from '../../../src-shared/domain/project/image-set';
import { storedManifestHash } from '../../calibration/images/image-hashes';
import { partOfShard } from '../../compute/shards/shard-store';
import type { Workspace } from './workspace';

/** What runs for a project. */
interface ManifestContext extends TaskContext {
  readonly workspace: Pick<Workspace, 'paths'>;
}

export interface SetOfProject {
  readonly which: SetName;
  readonly set: Pick<ImageSet, 'entries'>;
}

/** The identity of a whole set for a shard, which reads its own images and those whose hashes the project lacks. */
export function shardManifest(
  { shard, ...of }: SetOfProject & { readonly shard: Shard },
  context: ManifestContext,
): Promise<string> {
  return manifest(of, partOfShard(of.set.entries, shard), context);
}

/** The identity of a set whose images are all read. */
export function wholeManifest(of: SetOfProject, context: ManifestContext): Promise<string> {
  return manifest(of, of.set.entries, context);
}

/** The identity of a set of which every shard has read its part. */
export function mergedManifest(of: SetOfProject, context: ManifestContext): Promise<string> {
  return manifest(of, [], context);
}

function manifest({ which, set }: SetOfProject, own: readonly ImageEntry[], context: ManifestContext): Promise<string> {
  const path = context.workspace.paths.imageHashesFile(which);
  return storedManifestHash({ set, path, own }, context);
}
