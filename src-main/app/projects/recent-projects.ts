import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LastRun, RecentProject } from '../../../src-shared/contract/views';
import { writeFileAtomic } from '../../base/atomic-file';
import { listRuns, loadRun } from '../../runs/run-store';
import { list, object, parse, string, type InferOutput } from '../../../src-shared/base/schema';

const KEPT_PROJECTS = 20;

const entriesSchema = list(object({ path: string, openedAt: string }));
type Entries = InferOutput<typeof entriesSchema>;

/** The projects that were opened last, in a file of the user's data folder. Errors of this file are ignored. */
export class RecentProjects {
  constructor(private readonly dataDir: string) {}

  async list(): Promise<RecentProject[]> {
    return Promise.all(
      (await this.read()).map(async ({ path, openedAt }) => {
        const exists = existsSync(join(path, 'project.json'));
        const lastRun = exists ? await lastRunOf(path) : null;
        return {
          path,
          openedAt,
          name: basename(path).replace(/\.calib$/, ''),
          exists,
          ...(lastRun === null ? {} : { lastRun }),
        };
      }),
    );
  }

  async add(path: string, now: Date = new Date()): Promise<void> {
    const others = (await this.read()).filter((entry) => entry.path !== path);
    try {
      await mkdir(this.dataDir, { recursive: true });
      await writeFileAtomic(
        this.file(),
        JSON.stringify([{ path, openedAt: now.toISOString() }, ...others].slice(0, KEPT_PROJECTS), null, 1),
      );
    } catch {
      return; // a read-only home folder must not prevent work on a project
    }
  }

  private file(): string {
    return join(this.dataDir, 'recent-projects.json');
  }

  private async read(): Promise<Entries> {
    try {
      return parse(entriesSchema, JSON.parse(await readFile(this.file(), 'utf8')));
    } catch {
      return []; // without the file, or with a damaged one, the list starts empty
    }
  }
}

/** The newest run; null if there is none or it cannot be read. */
async function lastRunOf(projectPath: string): Promise<LastRun | null> {
  try {
    const newest = (await listRuns(projectPath)).at(-1);
    if (newest === undefined) return null;
    const { createdAt, shipped, table, gates } = await loadRun(projectPath, newest.runId);
    const [variant] = shipped;
    const { top1, measure } = table.find((row) => row.variant === variant) ?? {};
    return {
      createdAt,
      ...(variant === undefined ? {} : { variant }),
      ...(top1 === undefined ? {} : { top1 }),
      ...(measure === undefined ? {} : { measure }),
      gates: { all: gates.length, missed: gates.filter((gate) => !gate.met).length },
    };
  } catch {
    return null; // the run is damaged or a newer version wrote it: the list shows the project without a run
  }
}
