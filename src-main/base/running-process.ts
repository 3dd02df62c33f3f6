import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { integer, number, object, optional, string, type InferOutput } from '../../src-shared/base/schema';
import { errnoOf } from './file-errors';

/**
 * Identifies a process without a clock. A process id alone is not sufficient: it is used again after a restart of the
 * machine, in a container, or when ids wrap around. The optional fields are known on Linux.
 */
export const processIdentitySchema = object({
  host: string,
  pid: integer,
  /** Hash of the machine's id, because several machines may have the same name. */
  machine: optional(string),
  /** The kernel's id of the current boot of the machine. */
  boot: optional(string),
  /** The namespace of process ids: that of a container or of the machine. */
  pidNamespace: optional(string),
  /** Start time of the process in clock ticks since boot (proc(5), field 22 of stat). */
  startTicks: optional(number),
});
export type ProcessIdentity = InferOutput<typeof processIdentitySchema>;

/** Whether a process with this id runs on this machine, no matter which user started it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false; // EPERM: it runs as another user
  }
  return !isZombie(pid);
}

let own: ProcessIdentity | null = null;

/** It is read once: every temporary file has it in its name, and reading /proc takes a millisecond. */
export function ownIdentity(): ProcessIdentity {
  if (own?.pid === process.pid) return own;
  const startTicks = startTicksOf(process.pid);
  own = { ...machineIdentity(), pid: process.pid, ...(startTicks === null ? {} : { startTicks }) };
  return own;
}

/**
 * Whether a process has certainly ended. False if this cannot be determined: for processes of another host, of another
 * machine with the same name, or of another container.
 */
export function hasEnded(process: ProcessIdentity): boolean {
  const here = machineIdentity();
  if (process.host !== here.host) return false;
  if (process.machine !== undefined && here.machine !== undefined && process.machine !== here.machine) return false;
  if (process.boot !== undefined && here.boot !== undefined && process.boot !== here.boot) return true;
  if (process.pidNamespace !== here.pidNamespace && process.pidNamespace !== undefined) return false;
  if (!isRunning(process.pid)) return true;
  const startTicks = startTicksOf(process.pid);
  return process.startTicks !== undefined && startTicks !== null && process.startTicks !== startTicks;
}

let known: Omit<ProcessIdentity, 'pid' | 'startTicks'> | null = null;

/** The part of an identity that all processes of this machine, boot and container share. */
export function machineIdentity(): Omit<ProcessIdentity, 'pid' | 'startTicks'> {
  known ??= {
    host: hostname(),
    ...knownField('machine', () =>
      createHash('sha256')
        .update(`calibration-workbench ${readFileSync('/etc/machine-id', 'utf8').trim()}`)
        .digest('hex')
        .slice(0, 16),
    ),
    ...knownField('boot', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    ...knownField('pidNamespace', () => readlinkSync('/proc/self/ns/pid')),
  };
  return known;
}

function knownField<K extends string>(key: K, read: () => string): { readonly [P in K]?: string } {
  try {
    return { [key]: read() } as { readonly [P in K]?: string };
  } catch {
    return {};
  }
}

/**
 * The fields of /proc/PID/stat after the name of the process, which may contain spaces and parentheses. The first field
 * is the state.
 */
function statFields(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function startTicksOf(pid: number): number | null {
  const ticks = Number(statFields(pid)?.[19]);
  return Number.isInteger(ticks) ? ticks : null;
}

/** Whether a process is a zombie: it has ended, but keeps its id until its parent reads the exit status. */
function isZombie(pid: number): boolean {
  const state = statFields(pid)?.[0];
  return state === 'Z' || state === 'X';
}
