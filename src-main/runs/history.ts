import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';
import { list, object, oneOf, parse } from '../../src-shared/base/schema';
import {
  historyEntry,
  historyEntrySchema,
  runMarksSchema,
  type HistoryEntry,
  type MarkedEntry,
  type RunMarks,
  type RunMarksEdit,
} from '../../src-shared/domain/history/history-entry';
import { writeFileAtomic } from '../base/atomic-file';
import { errnoOf, writeError } from '../base/file-errors';
import { parseStoredJson, readStoredJson } from '../base/json-file';
import { entryPath, hasRecord, isRunId, loadDetails, loadRunIn, runIdsIn, runsDirOf } from './run-store';

/** Increase it if the same record would give another entry; the index is then made again. */
const INDEX_VERSION = 1;
const INDEX_FILE = 'index.json';
const MARKS_FOLDER = 'marks';
/** Runs that are read at the same time if the index does not have them. */
const READS = 32;

const storedEntrySchema = object({ version: oneOf(INDEX_VERSION), entry: historyEntrySchema });
const indexSchema = object({ version: oneOf(INDEX_VERSION), entries: list(historyEntrySchema) });

export interface History {
  /** Newest first. */
  readonly entries: readonly MarkedEntry[];
  /** Runs that cannot be read: damaged, or written by a newer version. */
  readonly unreadable: readonly { readonly runId: string; readonly problem: string }[];
}

/**
 * The finished runs in a folder of runs. A recorded run never changes, so that its entry is kept in `index.json` and
 * read once, from the small file beside the record; runs of older versions have only the record. The index is only a
 * copy: whoever finds a run that it does not have reads its entry and replaces the index as a whole. If two writers do
 * so at once, one of them is lost, and the next reader adds what is missing.
 */
export async function readHistory(runsDir: string): Promise<History> {
  const ids = await runIdsIn(runsDir);
  const known = new Map(readIndex(runsDir).map((entry) => [entry.runId, entry]));
  const missing = ids.filter((runId) => !known.has(runId));
  const unreadable: { runId: string; problem: string }[] = [];
  let added = 0;
  for (let i = 0; i < missing.length; i += READS) {
    const found = await Promise.all(missing.slice(i, i + READS).map((runId) => readEntry(runsDir, runId)));
    for (const result of found) {
      if (result.kind === 'entry') {
        known.set(result.entry.runId, result.entry);
        added += 1;
      } else if (result.kind === 'unreadable') unreadable.push({ runId: result.runId, problem: result.problem });
    }
  }
  const entries = ids.flatMap((runId) => known.get(runId) ?? []);
  if (added > 0) await writeIndex(runsDir, entries);
  const marks = await readMarks(runsDir);
  const marked = entries.map((entry): MarkedEntry => {
    const own = marks.get(entry.runId);
    return own === undefined ? entry : { ...entry, marks: own };
  });
  return { entries: marked.reverse(), unreadable };
}

/**
 * The history of a project, or of a folder of runs, with the folder of its runs.
 * @throws WorkbenchError not-found, if there is no such folder
 */
export async function readHistoryOf(path: string): Promise<History & { readonly path: string }> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() !== true)
    throw new WorkbenchError(
      'not-found',
      `${path} ${found === null ? 'does not exist' : 'is a file'}: expected a project or a folder of runs`,
    );
  const runsDir = runsDirOf(path);
  return { path: runsDir, ...(await readHistory(runsDir)) };
}

function readIndex(runsDir: string): readonly HistoryEntry[] {
  return readStoredJson(join(runsDir, INDEX_FILE), indexSchema)?.entries ?? [];
}

type Read =
  | { readonly kind: 'entry'; readonly entry: HistoryEntry }
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'unreadable'; readonly runId: string; readonly problem: string };

async function readEntry(runsDir: string, runId: string): Promise<Read> {
  const stored = await readFile(entryPath(runsDir, runId), 'utf8').catch(() => null);
  const known = stored === null ? null : parseStoredJson(stored, storedEntrySchema);
  // It is written before the record, without which the run is not finished.
  if (known?.entry.runId === runId && hasRecord(runsDir, runId)) return { kind: 'entry', entry: known.entry };
  try {
    return { kind: 'entry', entry: historyEntry(await loadRunIn(runsDir, runId), loadDetails(runsDir, runId)) };
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
    if (error.code === 'not-found') return { kind: 'unfinished' };
    return { kind: 'unreadable', runId, problem: error.message };
  }
}

/** Writes a run in short beside its record; before the record, so that a run that is listed has it. */
export async function saveEntry(runsDir: string, entry: HistoryEntry): Promise<void> {
  await writeFileAtomic(entryPath(runsDir, entry.runId), `${JSON.stringify({ version: INDEX_VERSION, entry })}\n`);
}

/** A folder that may only be read has no index; its runs are then read again by everybody. */
async function writeIndex(runsDir: string, entries: readonly HistoryEntry[]): Promise<void> {
  const text = JSON.stringify({ version: INDEX_VERSION, entries });
  try {
    await writeFileAtomic(join(runsDir, INDEX_FILE), text);
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
  }
}

async function readMarks(runsDir: string): Promise<ReadonlyMap<string, RunMarks>> {
  const folder = join(runsDir, MARKS_FOLDER);
  const names = await readdir(folder).catch(() => []);
  const found = new Map<string, RunMarks>();
  for (const name of names) {
    const runId = name.replace(/\.json$/, '');
    const marks = isRunId(runId) ? readStoredJson(join(folder, name), runMarksSchema) : null;
    if (marks !== null) found.set(runId, marks);
  }
  return found;
}

/** Changes what is written about a run. @throws WorkbenchError not-found, usage, unwritable */
export async function markRun(runsDir: string, runId: string, edit: RunMarksEdit): Promise<RunMarks> {
  await loadRunIn(runsDir, runId);
  const folder = join(runsDir, MARKS_FOLDER);
  const path = join(folder, `${runId}.json`);
  const before = await readFile(path, 'utf8').then(
    (text) => parse(runMarksSchema, JSON.parse(text)),
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return {};
      throw error;
    },
  );
  const changed = Object.entries({ ...before, ...edit }).filter(
    ([, value]) =>
      value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  const marks = parse(runMarksSchema, Object.fromEntries(changed));
  if (changed.length === 0) {
    await rm(path, { force: true });
    return marks;
  }
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
  await writeFileAtomic(path, `${JSON.stringify(marks)}\n`);
  return marks;
}
