import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, type Dirent } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasEnded, isRunning, machineIdentity, ownIdentity, type ProcessIdentity } from './running-process';

/** Common file systems allow names of at most 255 bytes. The other parts of a temporary name take up to 90. */
const MAX_BASE_BYTES = 120;
/**
 * The owner in a temporary name: machine, boot, namespace of process ids, process id, start time; x for unknown parts.
 */
const OWNER = /([0-9a-f]{8})-([0-9a-f]{8}|x)-([0-9]+|x)-([0-9]+)-([0-9]+|x)/;
const TEMPORARY = new RegExp(`^\\..*\\.${OWNER.source}-[0-9a-f]{8}\\.tmp$`);
const UNFINISHED = new RegExp(`\\.unfinished-${OWNER.source}$`);
const UPLOADS = new RegExp(`^calib-uploads-${OWNER.source}-[0-9a-f]{16}$`);
/** The form of version 0.1.0: the process id alone. */
const EARLIER = [
  /^\..*\.([0-9]+)-[0-9a-f]{8}\.tmp$/,
  new RegExp(`\\.unfinished-${hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}-([0-9]+)$`),
  /^tensorrt-model-([0-9]+)$/,
];

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** The identity of the process as part of a file name. */
function ownerTag(identity: ProcessIdentity): string {
  const { host, machine, boot, pidNamespace, pid, startTicks } = identity;
  const place = shortHash(`${host} ${machine ?? ''}`);
  const namespace = /[0-9]+/.exec(pidNamespace ?? '')?.[0] ?? 'x';
  return `${place}-${boot === undefined ? 'x' : shortHash(boot)}-${namespace}-${pid}-${startTicks ?? 'x'}`;
}

/** An unused temporary name for a file that is renamed to `base` when it is complete; see sweep. */
export function temporaryName(base: string): string {
  let short = base;
  while (Buffer.byteLength(short) > MAX_BASE_BYTES) short = short.slice(0, -1);
  return `.${short}.${ownerTag(ownIdentity())}-${randomBytes(4).toString('hex')}.tmp`;
}

/** A folder that is renamed to `path` when it is complete; see sweep. */
export function unfinishedFolder(path: string): string {
  return `${path}.unfinished-${ownerTag(ownIdentity())}`;
}

/** A folder for uploads to this process; see sweep. */
export function uploadsFolder(): string {
  return `calib-uploads-${ownerTag(ownIdentity())}-${randomBytes(8).toString('hex')}`;
}

export const isUploadsFolder = (name: string): boolean => UPLOADS.test(name);

/**
 * Whether a name has one of the forms above and the process that made it has certainly ended; false for all other
 * names.
 */
export function isLeftover(name: string): boolean {
  const match = [TEMPORARY, UNFINISHED, UPLOADS].map((pattern) => pattern.exec(name)).find((found) => found !== null);
  if (match) return hasOwnerEnded(match.slice(1));
  const earlier = EARLIER.map((pattern) => pattern.exec(name)).find((found) => found !== null);
  return earlier !== undefined && !isRunning(Number(earlier[1]));
}

function hasOwnerEnded([place = '', boot = '', namespace = '', pid = '', ticks = '']: readonly string[]): boolean {
  const here = ownIdentity();
  const [ownPlace, ownBoot = '', ownNamespace] = ownerTag(here).split('-');
  if (place !== ownPlace) return false;
  if (boot !== 'x' && ownBoot !== 'x' && boot !== ownBoot) return true;
  if (namespace !== ownNamespace) return false;
  // The remaining names belong to this machine in its current boot, and to the same namespace of process ids.
  return hasEnded({ ...machineIdentity(), pid: Number(pid), ...(ticks === 'x' ? {} : { startTicks: Number(ticks) }) });
}

/**
 * Removes temporary files, unfinished folders and upload folders of ended processes from a folder. The files are kept
 * if their process still runs or if this cannot be determined. The function never fails; files that cannot be removed
 * stay.
 * @param options.recursive also in the folders below, but not through links.
 * @param options.keeps called for each leftover; true keeps it.
 */
export async function sweep(
  dir: string,
  options: { readonly recursive?: boolean; readonly keeps?: (path: string) => boolean } = {},
): Promise<void> {
  for (const entry of entriesOf(dir)) {
    const path = join(dir, entry.name);
    if (isLeftover(entry.name)) {
      if (options.keeps?.(path) !== true) await rm(path, { recursive: true, force: true }).catch(() => undefined);
    } else if (options.recursive === true && entry.isDirectory()) await sweep(path, options);
  }
}

function entriesOf(dir: string): readonly Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    return []; // the folder does not exist or cannot be read
  }
}
