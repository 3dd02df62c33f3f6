import type {
  FixDecisions,
  FixPlan,
  FixResult,
  FixStageName,
  FixStageRow,
} from '../../../src-shared/domain/analysis/fix';
import type { Method } from '../../../src-shared/domain/project/methods';
import { hasRepair, REPAIRS, type Repair } from '../../../src-shared/domain/project/precision';
import { modelledMs } from '../../../src-shared/domain/runs/latency-model';
import type { ReleaseOrder } from '../../analysis/release-order';
import { canMeasure } from '../analysis/measure-plans';
import { resolvedMethod } from '../../calibration/histograms/threshold-table';
import type { JobContext } from '../job-context';
import { openCalibration, shortHash } from '../projects/workspace';
import { measureCandidates, trialOf, workspaceWith, type Candidate } from './candidates';
import { judgePlan } from './judging';
import type { FixSetup } from './setup';
import { nearerText, wonText } from './stage-text';
import { expectedLoss, keepsLoss, mayMeet, trendOfLoss } from './prospects';
import { releasedLayers } from './release-stages';
import { CLEARLY_BETTER, isClearlyBetter, tooFewImages, withOptimism, type FixScope, type FixStage } from './stage';
import { STAGES } from './stages';

/** A repair that leaves more of the error than this may move the measure by chance: the plan without it comes first. */
const SIMILAR = 0.75;

interface StageEnd {
  readonly row: Omit<FixStageRow, 'seconds'>;
  readonly best: Candidate;
}

/** The stages of one fix, and what they have found so far. */
export class FixRun {
  readonly plans: FixPlan[] = [];
  readonly rows: FixStageRow[] = [];
  fp32: FixResult['fp32'] = {};
  /** What the last ranking found that single layers win back; null if none was made, or an earlier process made it. */
  ranking: ReleaseOrder['ranking'] | null = null;
  private unlearned: Candidate | null = null;
  private simplest: Candidate | null = null;

  constructor(
    private readonly setup: FixSetup,
    private readonly job: JobContext,
  ) {}

  get isMet(): boolean {
    return this.plans.some(({ met }) => met);
  }

  /** Runs stages until the gates are met. @param onStage called after each stage */
  async run(onStage: () => Promise<void>): Promise<Candidate> {
    let best = await this.stage('present', (job) => this.present(job));
    this.unlearned = best;
    this.simplest = best;
    await onStage();
    for (const stage of STAGES) {
      if (this.isMet) break;
      const before = best;
      best = await this.stage(stage.name, (job) => this.next(stage, before, job));
      if (best.decisions.method !== 'learned') this.unlearned = best;
      if (stage.isPlain === true) this.simplest = best;
      await onStage();
    }
    return best;
  }

  /** The project as it is. */
  private async present(job: JobContext): Promise<StageEnd> {
    const { present, first } = this.setup;
    const isInt8 = shortHash(present) === shortHash(first);
    const measured = await this.measure(isInt8 ? [present] : [present, first], job);
    const [asIs, best = asIs] = measured;
    if (!asIs || !best) throw new Error('Assertion failed: the project was not measured');
    const plan = await this.judge('present', asIs, job);
    return {
      best,
      row: {
        stage: 'present',
        outcome: plan.met ? 'met' : 'no-gain',
        note: plan.met ? 'The project as it is meets the gates.' : 'The project as it is does not meet the gates.',
        candidates: measured.length,
        errorBefore: null,
        errorAfter: best.error,
        plan: this.indexOf(plan),
      },
    };
  }

  private async next(stage: FixStage, best: Candidate, job: JobContext): Promise<StageEnd> {
    const scope = this.scope(stage.name, best, job);
    const unchanged = { stage: stage.name, candidates: 0, errorBefore: best.error, errorAfter: best.error, plan: null };
    const obstacle = (await stage.obstacle(scope)) ?? (await this.tooLong(stage, scope));
    if (obstacle !== null) return { best, row: { ...unchanged, outcome: 'skipped', note: `Not tried: ${obstacle}.` } };
    const judgedBefore = this.plans.length;
    const outcome = await tooFewImages(() => stage.run(scope));
    if (typeof outcome === 'string')
      return { best, row: { ...unchanged, outcome: 'skipped', note: `Not tried: ${outcome}.` } };
    const { candidates, compared } = outcome;
    const [candidate] = candidates;
    const isBetter = candidate !== undefined && isClearlyBetter(candidate, best);
    if (isBetter && !isLeftToLater(candidate, scope)) await this.judgeSimplestFirst(stage.name, candidates, scope);
    const own = this.plans.slice(judgedBefore);
    const met = fewestReleased(own.filter((plan) => plan.met));
    const plan = met ?? (isBetter ? this.planOf(candidate) : own.at(-1));
    const row = {
      ...unchanged,
      candidates: compared,
      errorAfter: isBetter ? candidate.error : best.error,
      plan: plan === undefined ? null : this.indexOf(plan),
    };
    const isBase = isBetter && (stage.isBase === true || releasedLayers(candidate.decisions).length === 0);
    const next = isBase ? candidate : best;
    if (met) return { best: next, row: { ...row, outcome: 'met', note: wonText(met, this.plans[0]) } };
    if (isBetter) {
      const note = plan === undefined ? nearerText(best.error, candidate.error) : wonText(plan, this.plans[0]);
      return { best: next, row: { ...row, outcome: 'better', note } };
    }
    return {
      best,
      row: { ...row, outcome: 'no-gain', note: 'Nothing came nearer to FP32 on the images that choose.' },
    };
  }

  /** Judges the first candidate, and before it one of nearly the same error with fewer repairs, if there is one. */
  private async judgeSimplestFirst(
    name: FixStageName,
    candidates: readonly Candidate[],
    { job, best }: Pick<FixScope, 'job' | 'best'>,
  ): Promise<void> {
    const [first] = candidates;
    if (first === undefined) return;
    const simpler = candidates.find(
      (own) =>
        repairsOf(own.decisions).length < repairsOf(first.decisions).length &&
        isClearlyBetter(own, best) &&
        first.error > SIMILAR * own.error,
    );
    const isMet = simpler !== undefined && (await this.judge(name, simpler, job)).met;
    if (!isMet) await this.judge(name, first, job);
  }

  private async tooLong(stage: FixStage, scope: FixScope): Promise<string | null> {
    const seconds = await stage.seconds(scope);
    if (seconds <= scope.secondsLeft) return null;
    const minutes = (value: number): string => (value / 60).toFixed(1);
    return `it would take about ${minutes(seconds)} minutes, and ${minutes(Math.max(0, scope.secondsLeft))} are left`;
  }

  private scope(name: FixStageName, best: Candidate, job: JobContext): FixScope {
    const { options, spec, images, secondsPerPass } = this.setup;
    const spent = this.rows.reduce((sum, { seconds }) => sum + seconds, this.setup.journal.lostSeconds(name));
    return {
      job,
      target: options.target,
      threads: spec.threads,
      isTimed: canMeasure(spec.backend, options.target),
      maxLayers: spec.maxLayers ?? null,
      choosing: images.choosing,
      best,
      unlearned: this.unlearned ?? best,
      simplest: this.simplest ?? best,
      errorToBeat: CLEARLY_BETTER * Math.min(best.error, ...this.plans.map(({ error }) => error)),
      secondsPerPass,
      secondsLeft: spec.minutes === undefined ? Number.POSITIVE_INFINITY : 60 * spec.minutes - spent,
      trial: (decisions) => trialOf(decisions, { target: options.target, threads: spec.threads }, job),
      measure: async (list, optimism) =>
        (await this.measure(list, job)).map((candidate) => withOptimism(candidate, optimism)),
      judge: (candidate) => this.judge(name, candidate, job),
      expectedLoss: (error) => expectedLoss(error, this.plans),
      keepsLoss: (before, after) => keepsLoss(before, after, this.plans),
      ranked: (ranking) => (this.ranking = ranking),
      trendOfLoss: (error) => trendOfLoss(error, this.plans),
      mayMeet: (error) => mayMeet(error, this.plans),
    };
  }

  /** Runs a stage, or takes over its end from the journal. */
  private async stage(name: FixStageName, run: (job: JobContext) => Promise<StageEnd>): Promise<Candidate> {
    const { journal } = this.setup;
    const known = journal.stage(name);
    if (known) {
      for (const { plan, fp32 } of journal.plansOf(name)) this.add(plan, fp32);
      this.rows.push(known.row);
      return known.best;
    }
    const startedAt = performance.now();
    const seconds = (): number => (performance.now() - startedAt) / 1000;
    try {
      const { row, best } = await run(withinStage(name, this.job));
      const timed = { ...row, seconds: seconds() + journal.lostSeconds(name) };
      journal.addStage({ row: timed, best });
      this.rows.push(timed);
      return best;
    } catch (error) {
      journal.addInterrupted(name, seconds());
      throw error;
    }
  }

  private measure(list: readonly FixDecisions[], job: JobContext): Promise<Candidate[]> {
    const { options, spec, images } = this.setup;
    return measureCandidates(list, images.choosing, { target: options.target, threads: spec.threads }, job);
  }

  /** Judges a candidate once; later calls return the same verdict. */
  private async judge(stage: FixStageName, candidate: Candidate, job: JobContext): Promise<FixPlan> {
    const { judging, works, journal } = this.setup;
    const { decisions, error } = candidate;
    const seen = this.planOf(candidate);
    if (seen) return seen;
    const known = journal.plan(decisions);
    if (known) return this.add(known.plan, known.fp32);
    const { fp32, ...verdict } = await judgePlan(decisions, judging, job);
    const fp16Layers = releasedLayers(decisions);
    const plan: FixPlan = {
      stage,
      decisions,
      methods: await this.methodsOf(decisions),
      repairs: repairsOf(decisions),
      fp16Layers,
      error,
      ...verdict,
      latencyMs: modelledMs(works, new Set(fp16Layers)),
      latencyKind: 'modelled',
      isPareto: false,
    };
    journal.addPlan({ plan, fp32 });
    return this.add(plan, fp32);
  }

  private add(plan: FixPlan, fp32: FixResult['fp32']): FixPlan {
    this.fp32 = fp32;
    this.plans.push(plan);
    return plan;
  }

  private planOf({ decisions }: Pick<Candidate, 'decisions'>): FixPlan | undefined {
    const key = shortHash(decisions);
    return this.plans.find((plan) => shortHash(plan.decisions) === key);
  }

  private indexOf(plan: FixPlan): number {
    return this.plans.indexOf(plan);
  }

  /** The methods of the thresholds, the most frequent setting first. */
  private async methodsOf({ method, tensorMethods, plan }: FixDecisions): Promise<Method[]> {
    const workspace = workspaceWith(this.job.workspace, { method, tensorMethods, plan });
    const choices = { ...workspace.file, target: this.setup.options.target };
    const calibration = await openCalibration(workspace);
    return [
      ...new Set([method, ...Object.values(tensorMethods)].map((own) => resolvedMethod(calibration, choices, own))),
    ];
  }
}

/** Whether a candidate is far from the gates, and stages that release layers will judge what is best by then. */
function isLeftToLater({ decisions, error }: Candidate, { maxLayers, secondsLeft, mayMeet: may }: FixScope): boolean {
  const isReleaseSure = maxLayers !== 0 && secondsLeft === Number.POSITIVE_INFINITY;
  return isReleaseSure && releasedLayers(decisions).length === 0 && !may(error);
}

function repairsOf({ plan }: FixDecisions): Repair[] {
  return REPAIRS.filter((repair) => hasRepair(plan, repair));
}

/** The plan with the fewest released layers, the first of several. */
export function fewestReleased(plans: readonly FixPlan[]): FixPlan | undefined {
  return plans.reduce<FixPlan | undefined>(
    (found, own) => (found !== undefined && found.fp16Layers.length <= own.fp16Layers.length ? found : own),
    undefined,
  );
}

/** The phases of a stage get its name in front: `equalization: collecting histograms`. */
function withinStage(name: FixStageName, job: JobContext): JobContext {
  const { onProgress } = job;
  return onProgress
    ? { ...job, onProgress: (progress) => onProgress({ ...progress, phase: `${name}: ${progress.phase}` }) }
    : job;
}
