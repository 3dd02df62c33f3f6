import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { WorkbenchError } from '../../src-shared/base/errors';
import { type RunEngines, runEnginesSchema } from '../../src-shared/domain/engines/stored-engines';
import type { RunRecord } from '../../src-shared/domain/runs/run-record';
import { type RunDetails, runDetailsSchema } from '../../src-shared/domain/runs/run-details';
import { parseRunRecord } from '../../src-shared/domain/runs/run-record-parse';
import { writeFileAtomic } from '../base/atomic-file';
import { errnoOf, writeError } from '../base/file-errors';
import { parseStoredJson, readStoredJson } from '../base/json-file';

const RUN_ID = /^\d{8}T\d{9}Z-[0-9a-f]{6}$/;
const RECORD_FILE = 'run.json';
const REPORT_FILE = 'report.html';
const DETAILS_FILE = 'details.json';
/** The run in short, which lists read instead of the record; see history. */
const ENTRY_FILE = 'entry.json';
const ENGINES_FILE = 'engines.json.gz';
/** A folder of runs may come from elsewhere: a damaged file must not fill the memory. */
const MAX_ENGINES_BYTES = 256 * 1024 * 1024;
/** A run folder without a record that is older than this belongs to a run that was killed. */
const ABANDONED_MS = 24 * 3600 * 1000;

/**
 * The folder with the runs of a project; any other folder is itself a folder with runs, for example on a shared drive.
 */
export function runsDirOf(path: string): string {
  return existsSync(join(path, 'project.json')) ? join(path, 'runs') : path;
}

/** A folder `runs/<id>` with a record. */
export interface StoredRun {
  readonly runId: string;
  /** Path of the folder of the run. */
  readonly path: string;
}

/**
 * A run's id: UTC time to the millisecond and six hex digits, `20261121T070812345Z-a1b2c3`. Sorting ids as text sorts
 * runs by time. Runs with the same inputs have the same digits.
 * @param inputsSha256 hash of what decides the results of the run; random if absent.
 */
export function createRunId(now: Date = new Date(), inputsSha256: string = randomBytes(3).toString('hex')): string {
  const time = now.toISOString().replaceAll(/[-:.]/g, '');
  return `${time}-${inputsSha256.slice(0, 6)}`;
}

/**
 * Makes the folder of a new run in every folder of runs, under the next id that none of them has. No other writer can
 * take the id afterwards. @throws WorkbenchError unwritable
 */
export async function reserveRun(
  runsDirs: readonly string[],
  inputsSha256: string,
  now: Date = new Date(),
): Promise<{ readonly runId: string; readonly createdAt: Date }> {
  for (const dir of runsDirs) await ensureFolder(dir);
  for (let time = now.getTime(); ; time += 1) {
    const createdAt = new Date(time);
    const runId = createRunId(createdAt, inputsSha256);
    const taken: string[] = [];
    for (const dir of runsDirs) if (await makeFolder(join(dir, runId))) taken.push(join(dir, runId));
    if (taken.length === runsDirs.length) return { runId, createdAt };
    for (const folder of taken) await rmdir(folder);
  }
}

/** @returns false if the folder exists */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw writeError(error, path);
  }
}

/**
 * Removes the folders of runs that were killed before they had a record.
 * @param finished runs that are known to have one, so that their folders need not be looked at.
 */
export async function removeAbandoned(
  runsDir: string,
  finished: ReadonlySet<string>,
  now: number = Date.now(),
): Promise<void> {
  for (const name of await runIdsIn(runsDir)) {
    const folder = join(runsDir, name);
    if (finished.has(name) || existsSync(join(folder, RECORD_FILE))) continue;
    // Another writer may have removed it meanwhile.
    const found = await stat(folder).catch(() => null);
    if (found !== null && now - found.mtimeMs > ABANDONED_MS) await rm(folder, { recursive: true, force: true });
  }
}

export function isRunId(text: string): boolean {
  return RUN_ID.test(text);
}

function runFolder(projectPath: string, runId: string): string {
  return folderIn(join(projectPath, 'runs'), runId);
}

function folderIn(runsDir: string, runId: string): string {
  if (!isRunId(runId)) {
    throw new WorkbenchError(
      'usage',
      `Expected a run id such as 20261121T070812345Z-a1b2c3, found ${JSON.stringify(runId)}`,
      {
        hint: 'An id is the name of a folder below runs/ in the project.',
      },
    );
  }
  return join(runsDir, runId);
}

async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Writes `runs/<runId>/run.json` atomically; returns its path. Throws `unwritable`, `disk-full`. */
export async function saveRun(projectPath: string, record: RunRecord): Promise<string> {
  const folder = runFolder(projectPath, record.runId);
  await ensureFolder(folder);
  const path = join(folder, RECORD_FILE);
  await writeFileAtomic(path, `${JSON.stringify(record, null, 1)}\n`);
  return path;
}

/**
 * Writes `runs/<runId>/details.json` atomically. It is written before the record, so that a run that is listed has it.
 */
export async function saveDetails(projectPath: string, runId: string, details: RunDetails): Promise<void> {
  const folder = runFolder(projectPath, runId);
  await ensureFolder(folder);
  await writeFileAtomic(join(folder, DETAILS_FILE), `${JSON.stringify(details)}\n`);
}

/** The path of the run in short, in a folder of runs. */
export function entryPath(runsDir: string, runId: string): string {
  return join(folderIn(runsDir, runId), ENTRY_FILE);
}

/** Whether a run is finished. */
export function hasRecord(runsDir: string, runId: string): boolean {
  return existsSync(join(folderIn(runsDir, runId), RECORD_FILE));
}

/** null for runs of older versions. */
export function loadDetails(runsDir: string, runId: string): RunDetails | null {
  return readStoredJson(join(folderIn(runsDir, runId), DETAILS_FILE), runDetailsSchema);
}

/** Writes `runs/<runId>/engines.json.gz` atomically, before the record as saveDetails. */
export async function saveEngines(projectPath: string, runId: string, engines: RunEngines): Promise<void> {
  const folder = runFolder(projectPath, runId);
  await ensureFolder(folder);
  await writeFileAtomic(join(folder, ENGINES_FILE), gzipSync(JSON.stringify(engines)));
}

/** null for a run without times of layers. */
export function loadEngines(runsDir: string, runId: string): RunEngines | null {
  const path = join(folderIn(runsDir, runId), ENGINES_FILE);
  try {
    const text = gunzipSync(readFileSync(path), { maxOutputLength: MAX_ENGINES_BYTES }).toString();
    return parseStoredJson(text, runEnginesSchema);
  } catch {
    return null;
  }
}

/** Copies a finished run into another folder of runs, where its id was reserved; the record is written last. */
export async function copyRun(projectPath: string, runId: string, runsDir: string): Promise<void> {
  const from = runFolder(projectPath, runId);
  const to = folderIn(runsDir, runId);
  await ensureFolder(to);
  for (const file of [DETAILS_FILE, ENGINES_FILE, REPORT_FILE, ENTRY_FILE, RECORD_FILE]) {
    const content = await readFile(join(from, file)).catch(() => null);
    if (content !== null) await writeFileAtomic(join(to, file), content);
  }
}

/** Writes `runs/<runId>/report.html` atomically; returns its path. */
export async function saveReport(projectPath: string, runId: string, html: string): Promise<string> {
  const folder = runFolder(projectPath, runId);
  await ensureFolder(folder);
  const path = join(folder, REPORT_FILE);
  await writeFileAtomic(path, html);
  return path;
}

/** All runs of a project, oldest first; folders without a record (a run that was cut off) are left out. */
export async function listRuns(projectPath: string): Promise<readonly StoredRun[]> {
  const root = join(projectPath, 'runs');
  const ids = await runIdsIn(root);
  return ids
    .map((runId) => ({ runId, path: join(root, runId) }))
    .filter(({ path }) => existsSync(join(path, RECORD_FILE)));
}

/** The ids of all run folders, oldest first, with or without a record. */
export async function runIdsIn(runsDir: string): Promise<readonly string[]> {
  return (await namesIn(runsDir)).filter(isRunId).sort();
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new WorkbenchError('not-found', `Cannot read the folder ${folder}`, { cause: error });
  }
}

/**
 * Reads one run. Throws `not-found`, `project-newer` (written by a newer version) or `project-invalid`, naming the
 * file.
 */
export function loadRun(projectPath: string, runId: string): Promise<RunRecord> {
  return loadRunIn(join(projectPath, 'runs'), runId);
}

/** Like loadRun, from a folder of runs. */
export async function loadRunIn(runsDir: string, runId: string): Promise<RunRecord> {
  const path = join(folderIn(runsDir, runId), RECORD_FILE);
  const text = await readRecord(path);
  const parsed = parseRunRecord(parseJson(path, text));
  switch (parsed.state) {
    case 'ok':
      return parsed.record;
    case 'newer':
      throw new WorkbenchError(
        'project-newer',
        `${path} has version ${parsed.version}, which this version cannot read`,
        {
          hint: 'Update Calibration Workbench.',
        },
      );
    case 'invalid':
      throw new WorkbenchError('project-invalid', `${path} is not a run record: ${parsed.problem}`);
  }
}

async function readRecord(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new WorkbenchError('not-found', `Expected a run record at ${path}, but it cannot be read`, { cause: error });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WorkbenchError(
      'project-invalid',
      `${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}
