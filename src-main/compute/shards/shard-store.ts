import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  count,
  number,
  object,
  oneOf,
  optional,
  string,
  unknown,
  where,
  yes,
  type InferOutput,
} from '../../../src-shared/base/schema';
import {
  SHARDED_KINDS,
  shardSchema,
  type JobSpec,
  type Shard,
  type ShardedKind,
} from '../../../src-shared/contract/job-specs';
import { readError, writeError } from '../../base/file-errors';
import { readStoredJson } from '../../base/json-file';

/**
 * The files of shards: `calibrate-3-of-8.shard` with the content, and `calibrate-3-of-8.shard.json`, the marker, which
 * names the content's hash. The content is written first and the marker last; a reader accepts only a content that its
 * marker fits. No file is renamed, so that the folder may be an object store. The content is a function of the project
 * and the shard, so that it does not matter which one of several writers of the same shard was the last.
 */
const MARKER_VERSION = 1;

const markerSchema = object({
  version: oneOf(MARKER_VERSION),
  kind: oneOf(...SHARDED_KINDS),
  /** Identity of what is computed: model, images, settings. Shards of different keys do not belong together. */
  key: string,
  shard: where(shardSchema, 'an index up to the number of shards', ({ index, count: of }) => index <= of),
  /** Present if the shard was stopped early and lacks images: it can be continued, but not merged. */
  isPartial: optional(yes),
  /** Of the content. */
  sha256: string,
  /** Images that were used, or models that were tried. */
  done: count,
  seconds: number,
  /** sha256 of the histograms in the content, see CalibrateResult. */
  histograms: optional(string),
  /** Settings of the job that made the shard, as a job specification. */
  spec: unknown,
});
export type ShardMarker = InferOutput<typeof markerSchema>;

/** Which shard of which job a file is. */
export interface ShardIdentity {
  readonly kind: ShardedKind;
  readonly shard: Shard;
}

/** One part of a job, for the compute process. */
export interface ShardTask {
  readonly shard: Shard;
  /** Folder of the files of shards. */
  readonly dir: string;
  /** See ShardMarker. */
  readonly spec: JobSpec;
}

/**
 * Every count-th item starting with index `index`, so that the shards of a sorted set have balanced labels and groups.
 */
export function partOfShard<T>(items: readonly T[], { index, count }: Shard): readonly T[] {
  return items.filter((_, i) => i % count === index - 1);
}

/** The error of a shard that ended early because it was asked to. */
export function stoppedError(done: number, total: number, unit: string, { index, count }: Shard): WorkbenchError {
  return new WorkbenchError('stopped', `Stopped after ${done} of ${total} ${unit} of shard ${index} of ${count}`, {
    hint: advise('continue-shard'),
  });
}

const NAME = new RegExp(`^(?:${SHARDED_KINDS.join('|')})-\\d+-of-\\d+\\.(shard|partial)$`);

export function shardFileName({ kind, shard }: ShardIdentity, isPartial = false): string {
  return `${kind}-${shard.index}-of-${shard.count}.${isPartial ? 'partial' : 'shard'}`;
}

/** Whether a file name is that of a shard, finished or not; null: neither. */
export function shardNameKind(name: string): 'finished' | 'partial' | null {
  const match = NAME.exec(name);
  return match === null ? null : match[1] === 'shard' ? 'finished' : 'partial';
}

export function markerPath(path: string): string {
  return `${path}.json`;
}

/** The marker of a shard file; null if there is none, or if it is damaged or of another version. */
export function readMarker(path: string): ShardMarker | null {
  return readStoredJson(markerPath(path), markerSchema);
}

export function sha256OfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What the marker of a shard states beside its identity and hash. */
export type ShardFacts = Pick<ShardMarker, 'key' | 'done' | 'seconds' | 'histograms' | 'spec'>;

/**
 * Writes the content of a shard and then its marker. Files of the same name are replaced.
 * @returns the path of the content
 * @throws WorkbenchError unwritable, disk-full
 */
export async function writeShard(
  dir: string,
  { kind, shard }: ShardIdentity,
  bytes: Uint8Array,
  { isPartial = false, ...facts }: ShardFacts & { readonly isPartial?: boolean },
): Promise<string> {
  const path = join(dir, shardFileName({ kind, shard }, isPartial));
  const { histograms, ...others } = facts;
  const marker: ShardMarker = {
    version: MARKER_VERSION,
    kind,
    shard,
    ...(isPartial ? { isPartial } : {}),
    sha256: sha256OfBytes(bytes),
    ...others,
    ...(histograms === undefined ? {} : { histograms }),
  };
  try {
    await mkdir(dir, { recursive: true });
    await writeThrough(path, bytes);
    await writeThrough(markerPath(path), Buffer.from(`${JSON.stringify(marker)}\n`));
  } catch (error) {
    throw writeError(error, path);
  }
  return path;
}

/** Writes a file under its own name and flushes it to disk. */
async function writeThrough(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes a shard, its marker first. A storage that cannot delete keeps them. */
export async function removeShard(dir: string, identity: ShardIdentity, isPartial: boolean): Promise<void> {
  const path = join(dir, shardFileName(identity, isPartial));
  for (const file of [markerPath(path), path]) await rm(file, { force: true }).catch(() => undefined);
}

export interface FoundShard {
  readonly path: string;
  readonly marker: ShardMarker;
  readonly bytes: Buffer;
}

/** The shard with this identity and key in a folder; null unless it is complete there. */
export async function findShard(
  dir: string,
  identity: ShardIdentity,
  key: string,
  isPartial = false,
): Promise<FoundShard | null> {
  const path = join(dir, shardFileName(identity, isPartial));
  const marker = readMarker(path);
  if (marker === null || marker.key !== key || marker.kind !== identity.kind) return null;
  if (marker.shard.index !== identity.shard.index || marker.shard.count !== identity.shard.count) return null;
  const bytes = await readFile(path).catch(() => null);
  return bytes !== null && sha256OfBytes(bytes) === marker.sha256 ? { path, marker, bytes } : null;
}

/**
 * The content of a shard.
 * @throws WorkbenchError not-found; calibration-mismatch if the content is not what the marker says
 */
export async function readShard(path: string, sha256: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(error, path, 'Shard', advise('name-shard'));
  });
  if (sha256OfBytes(bytes) === sha256) return bytes;
  throw new WorkbenchError(
    'calibration-mismatch',
    `Shard ${path} is not what ${markerPath(path)} says: it is damaged`,
    {
      hint: advise('repeat-shard'),
    },
  );
}
