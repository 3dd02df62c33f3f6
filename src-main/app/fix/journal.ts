import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  mapped,
  measured,
  object,
  oneOf,
  optional,
  string,
  variant,
  type InferOutput,
} from '../../../src-shared/base/schema';
import { trialQualitySchema } from '../../../src-shared/domain/analysis/analysis';
import {
  FIX_STAGES,
  fixDecisionsSchema,
  fixPlanSchema,
  fixResultSchema,
  fixStageSchema,
  type FixDecisions,
  type FixStageName,
} from '../../../src-shared/domain/analysis/fix';
import { writeError } from '../../base/file-errors';
import { parseStoredJson } from '../../base/json-file';
import { shortHash } from '../projects/workspace';

const stageName = oneOf(...FIX_STAGES);
/** An infinite error is stored as null. */
const errorSchema = mapped(measured, (error) => (Number.isNaN(error) ? Number.POSITIVE_INFINITY : error));
const candidateSchema = object({
  decisions: fixDecisionsSchema,
  quality: trialQualitySchema,
  error: errorSchema,
  optimism: optional(measured),
});
const entrySchema = variant({
  /** A plan that was judged. */
  plan: object({ kind: oneOf('plan'), key: string, plan: fixPlanSchema, fp32: fixResultSchema.entries.fp32 }),
  /** A stage that has ended, and the best candidate after it. */
  stage: object({ kind: oneOf('stage'), row: fixStageSchema, best: candidateSchema }),
  /** Time that an interrupted stage took. */
  interrupted: object({ kind: oneOf('interrupted'), stage: stageName, seconds: measured }),
});
type Entry = InferOutput<typeof entrySchema>;
type PlanEntry = Extract<Entry, { kind: 'plan' }>;
type StageEntry = Extract<Entry, { kind: 'stage' }>;

/**
 * What a fix has found so far, one JSON line each: an interrupted fix continues with the stage that was interrupted and
 * ends with the same result. The file belongs to one project, its decisions, sets and options.
 */
export class FixJournal {
  private readonly plans = new Map<string, PlanEntry>();
  private readonly stages = new Map<FixStageName, StageEntry>();
  private readonly lost = new Map<FixStageName, number>();

  constructor(private readonly path: string) {
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      // A killed process may leave an incomplete line.
      const entry = line.endsWith('}') ? parseStoredJson(line, entrySchema) : null;
      if (entry !== null) this.keep(entry);
    }
  }

  plan(decisions: FixDecisions): PlanEntry | undefined {
    return this.plans.get(shortHash(decisions));
  }

  /** The plans that a stage judged, in order. */
  plansOf(name: FixStageName): PlanEntry[] {
    return [...this.plans.values()].filter(({ plan }) => plan.stage === name);
  }

  stage(name: FixStageName): StageEntry | undefined {
    return this.stages.get(name);
  }

  /** Seconds that interrupted attempts at a stage took. */
  lostSeconds(name: FixStageName): number {
    return this.lost.get(name) ?? 0;
  }

  /** @throws WorkbenchError unwritable, disk-full */
  addPlan(entry: Omit<PlanEntry, 'kind' | 'key'>): void {
    this.add({ kind: 'plan', key: shortHash(entry.plan.decisions), ...entry });
  }

  addStage(entry: Omit<StageEntry, 'kind'>): void {
    this.add({ kind: 'stage', ...entry });
  }

  addInterrupted(stage: FixStageName, seconds: number): void {
    this.add({ kind: 'interrupted', stage, seconds });
  }

  private keep(entry: Entry): void {
    if (entry.kind === 'plan') this.plans.set(entry.key, entry);
    else if (entry.kind === 'stage') this.stages.set(entry.row.stage, entry);
    else this.lost.set(entry.stage, this.lostSeconds(entry.stage) + entry.seconds);
  }

  private add(entry: Entry): void {
    this.keep(entry);
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      // The leading line break separates this line from an incomplete one that a killed process left.
      appendFileSync(this.path, `\n${JSON.stringify(entry)}`);
    } catch (error) {
      throw writeError(error, this.path);
    }
  }
}
