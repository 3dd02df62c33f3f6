import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { list, nullable, object, oneOf, optional, string, type InferOutput } from '../../../src-shared/base/schema';
import type { BenchResult, ValidateResult } from '../../../src-shared/contract/job-results';
import { BACKENDS, TARGETS } from '../../../src-shared/domain/project/precision';
import {
  benchmarkRecordSchema,
  refusedVariantSchema,
  runWarningSchema,
  validationRecordSchema,
} from '../../../src-shared/domain/runs/run-record';
import { taskSchema } from '../../../src-shared/domain/tasks/task';
import { count } from '../../../src-shared/base/schema';
import { writeFileAtomic } from '../../base/atomic-file';
import { writeError } from '../../base/file-errors';
import { readStoredJson } from '../../base/json-file';
import { keepNewest } from '../../base/keep-newest';

const VERSION = 1;
/** Results that are older than this are not taken over: the machine may be in another state. */
const MAX_AGE_MS = 24 * 3600 * 1000;
/** Unfinished runs with other inputs that are kept. */
const KEPT = 4;

const warnings = list(runWarningSchema);
const refused = optional(list(refusedVariantSchema));
const benchSchema = object({ ...benchmarkRecordSchema.entries, refused, warnings });
const validationSchema = object({
  ...validationRecordSchema.entries,
  classCount: count,
  classNames: list(string),
  task: nullable(taskSchema),
  backend: oneOf(...BACKENDS),
  target: oneOf(...TARGETS),
  skipped: list(object({ file: string, reason: string })),
  refused,
  warnings,
});
const schema = object({
  version: oneOf(VERSION),
  startedAt: string,
  bench: optional(benchSchema),
  validation: optional(validationSchema),
});
type Stored = InferOutput<typeof schema>;

/**
 * The results of the steps of a run that were finished before it was killed. The next run with the same inputs on the
 * same machine takes them over, within a day. Calibrations, engines and searches are kept by their own stores.
 */
export class UnfinishedRun {
  private constructor(
    private readonly path: string,
    private stored: Stored,
  ) {}

  /** @param key hash of the inputs and of what the costs depend on. */
  static async open(projectPath: string, key: string, now: number = Date.now()): Promise<UnfinishedRun> {
    const path = join(projectPath, 'runs', 'unfinished', key, 'steps.json');
    const found = readStoredJson(path, schema);
    const isRecent = found !== null && now - Date.parse(found.startedAt) < MAX_AGE_MS;
    if (!isRecent) await keepNewest(dirname(dirname(path)), KEPT);
    return new UnfinishedRun(path, isRecent ? found : { version: VERSION, startedAt: new Date(now).toISOString() });
  }

  get bench(): BenchResult | undefined {
    return this.stored.bench;
  }

  get validation(): ValidateResult | undefined {
    return this.stored.validation;
  }

  async keep(results: { readonly bench?: BenchResult; readonly validation?: ValidateResult }): Promise<void> {
    this.stored = { ...this.stored, ...results };
    try {
      await mkdir(dirname(this.path), { recursive: true });
    } catch (error) {
      throw writeError(error, this.path);
    }
    await writeFileAtomic(this.path, JSON.stringify(this.stored));
  }

  /** Called when the run is recorded. */
  async finish(): Promise<void> {
    await rm(dirname(this.path), { recursive: true, force: true });
  }
}
