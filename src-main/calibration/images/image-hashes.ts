import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { ImageEntry, ImageSet } from '../../../src-shared/domain/project/image-set';
import { writeFileAtomic } from '../../base/atomic-file';
import { fileHashes, type FileHashes, type FileIdentity } from '../../base/file-hash';
import { compareText } from './image-set-files';
import { setManifestHash } from './image-set';

/** First line of a file of hashes. The others are `SHA256 BYTES MODIFIED FILE`, with FILE as a JSON string. */
const FORMAT = 'calib-image-hashes 1';
const LINE = /^([0-9a-f]{64}) (\d{1,15}) (-?\d{1,20}) (".*")$/;

/** The hash of a file, and what tells that the file is still the same one. */
export interface KnownHash {
  readonly sha256: string;
  readonly bytes: number;
  /** Time of the last modification in nanoseconds since 1970. */
  readonly modifiedNs: bigint;
}

/** Hashes by `ImageEntry.file`. */
export type KnownHashes = ReadonlyMap<string, KnownHash>;

/** Reads stored hashes. A file that is absent or damaged holds none: they are computed again. */
export async function readImageHashes(path: string): Promise<KnownHashes> {
  return parseImageHashes(await readFile(path, 'utf8').catch(() => ''));
}

export function parseImageHashes(text: string): KnownHashes {
  const [first, ...lines] = text.split('\n');
  const known = new Map<string, KnownHash>();
  if (first !== FORMAT || lines.pop() !== '') return known;
  for (const line of lines) {
    const [, sha256 = '', bytes = '', modifiedNs = '', name = ''] = LINE.exec(line) ?? [];
    const file = fileName(name);
    if (file === null) return new Map();
    known.set(file, { sha256, bytes: Number(bytes), modifiedNs: BigInt(modifiedNs) });
  }
  return known;
}

function fileName(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** The content of a file of hashes, sorted by name. */
export function formatImageHashes(known: KnownHashes): string {
  const lines = [...known]
    .sort(([a], [b]) => compareText(a, b))
    .map(([file, { sha256, bytes, modifiedNs }]) => `${sha256} ${bytes} ${modifiedNs} ${JSON.stringify(file)}`);
  return [FORMAT, ...lines, ''].join('\n');
}

export interface StoredManifest {
  readonly set: Pick<ImageSet, 'entries'>;
  /** File with hashes that other processes of the same project have stored. It is written if one was missing. */
  readonly path: string;
  /** Images that are read in any case: those that this process uses. */
  readonly own: readonly ImageEntry[];
}

/**
 * The identity of a set as `setManifestHash` computes it, of which only the images `own` are read if the hashes of the
 * others are stored and their sizes and times of modification have not changed. The processes that each read their own
 * part together read the whole set. If one of them finds a stored hash to be wrong, no stored hash is trusted and all
 * images are read.
 * @throws WorkbenchError not-found if a file no longer exists; cancelled; unwritable, disk-full
 */
export async function storedManifestHash(
  { set, path, own }: StoredManifest,
  context: TaskContext = {},
  hashes: FileHashes = fileHashes,
): Promise<string> {
  const stored = await readImageHashes(path);
  const ownFiles = new Set(own.map(({ file }) => file));
  const found = new Map<string, KnownHash>();
  let isWrong = false;
  let isNew = false;
  const identityOf = async (file: string, imagePath: string): Promise<FileIdentity> => {
    const { size, mtimeNs } = await stat(imagePath, { bigint: true });
    const before = stored.get(file);
    const isUnchanged = before !== undefined && BigInt(before.bytes) === size && before.modifiedNs === mtimeNs;
    const isTrusted = isUnchanged && !ownFiles.has(file);
    const sha256 = isTrusted ? before.sha256 : await hashes.sha256(imagePath, context.signal);
    if (!isUnchanged) isNew = true;
    else if (before.sha256 !== sha256) isWrong = true;
    found.set(file, { sha256, bytes: Number(size), modifiedNs: mtimeNs });
    return { size: Number(size), sha256 };
  };
  const sha256 = await setManifestHash(set, context, identityOf);
  if (isWrong) {
    for (const { file } of set.entries) ownFiles.add(file);
    const again = await setManifestHash(set, context, identityOf);
    await writeHashes(path, found);
    return again;
  }
  // Images that only another selection of the set uses stay known.
  if (isNew) await writeHashes(path, new Map([...stored, ...found]));
  return sha256;
}

async function writeHashes(path: string, known: KnownHashes): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, formatImageHashes(known));
}
