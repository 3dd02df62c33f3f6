import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { RunRecord } from '../../src-shared/domain/runs/run-record';
import { parseRunRecord } from '../../src-shared/domain/runs/run-record-parse';
import { writeFileAtomic } from '../base/atomic-file';
import { errnoOf, writeError } from '../base/file-errors';

const RUN_ID = /^\d{8}T\d{9}Z-[0-9a-f]{6}$/;
const RECORD_FILE = 'run.json';
const REPORT_FILE = 'report.html';

/** A folder `runs/<id>` with a record. */
export interface StoredRun {
  readonly runId: string;
  /** Path of the folder of the run. */
  readonly path: string;
}

/**
 * A run's id: UTC time to the millisecond and six hex digits, `20261121T070812345Z-a1b2c3`. Sorting ids as text sorts
 * runs by time.
 */
export function createRunId(now: Date = new Date()): string {
  const time = now.toISOString().replaceAll(/[-:.]/g, '');
  return `${time}-${randomBytes(3).toString('hex')}`;
}

export function isRunId(text: string): boolean {
  return RUN_ID.test(text);
}

function runFolder(projectPath: string, runId: string): string {
  if (!isRunId(runId)) {
    throw new WorkbenchError(
      'usage',
      `Expected a run id such as 20261121T070812345Z-a1b2c3, found ${JSON.stringify(runId)}`,
      {
        hint: 'An id is the name of a folder below runs/ in the project.',
      },
    );
  }
  return join(projectPath, 'runs', runId);
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
  const names = await namesIn(root);
  const runs: StoredRun[] = [];
  for (const runId of names.filter(isRunId).sort()) {
    const path = join(root, runId);
    if ((await namesIn(path)).includes(RECORD_FILE)) runs.push({ runId, path });
  }
  return runs;
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
export async function loadRun(projectPath: string, runId: string): Promise<RunRecord> {
  const path = join(runFolder(projectPath, runId), RECORD_FILE);
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
