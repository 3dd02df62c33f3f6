import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, type Dirent } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasEnded, isRunning, machineIdentity, ownIdentity, type ProcessIdentity } from './running-process';

/** Names of at most 255 bytes are allowed by the usual file systems; the rest of a temporary name takes up to 90. */
const MAX_BASE_BYTES = 120;
/** The owner in a temporary name: machine, boot, namespace of process ids, process id, start time; x where unknown. */
const OWNER = /([0-9a-f]{8})-([0-9a-f]{8}|x)-([0-9]+|x)-([0-9]+)-([0-9]+|x)/;
const TEMPORARY = new RegExp(`^\\..*\\.${OWNER.source}-[0-9a-f]{8}\\.tmp$`);
const UNFINISHED = new RegExp(`\\.unfinished-${OWNER.source}$`);
const UPLOADS = new RegExp(`^calib-uploads-${OWNER.source}-[0-9a-f]{16}$`);
/** As version 0.1.0 named them: the process id alone. */
const EARLIER = [
  /^\..*\.([0-9]+)-[0-9a-f]{8}\.tmp$/,
  new RegExp(`\\.unfinished-${hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}-([0-9]+)$`),
  /^tensorrt-model-([0-9]+)$/,
];

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** The process as a part of a file name. */
function ownerTag(identity: ProcessIdentity): string {
  const { host, machine, boot, pidNamespace, pid, startTicks } = identity;
  const place = shortHash(`${host} ${machine ?? ''}`);
  const namespace = /[0-9]+/.exec(pidNamespace ?? '')?.[0] ?? 'x';
  return `${place}-${boot === undefined ? 'x' : shortHash(boot)}-${namespace}-${pid}-${startTicks ?? 'x'}`;
}

/** A name beside which no file lies yet, for a file that is renamed to `base` when it is complete; see sweep. */
export function temporaryName(base: string): string {
  let short = base;
  while (Buffer.byteLength(short) > MAX_BASE_BYTES) short = short.slice(0, -1);
  return `.${short}.${ownerTag(ownIdentity())}-${randomBytes(4).toString('hex')}.tmp`;
}

/** A folder that is renamed to `path` when it is complete; see sweep. */
export function unfinishedFolder(path: string): string {
  return `${path}.unfinished-${ownerTag(ownIdentity())}`;
}

/** A folder for what was uploaded to this process; see sweep. */
export function uploadsFolder(): string {
  return `calib-uploads-${ownerTag(ownIdentity())}-${randomBytes(8).toString('hex')}`;
}

export const isUploadsFolder = (name: string): boolean => UPLOADS.test(name);

/** Whether a name is one of the above and the process that made it has certainly ended; false for every other name. */
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
  // What remains is this machine, since it was started, and these process ids.
  return hasEnded({ ...machineIdentity(), pid: Number(pid), ...(ticks === 'x' ? {} : { startTicks: Number(ticks) }) });
}

/**
 * Removes what processes that have ended left in a folder: temporary files, unfinished folders, upload folders. A
 * process that still runs, or of which this machine cannot know, keeps its own. Never fails: what cannot be removed
 * stays.
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
    return []; // absent, or not ours to read
  }
}
