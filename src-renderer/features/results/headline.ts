import { formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import { formatDb } from '../../../src-shared/base/units';
import type { AnalysesView } from '../../../src-shared/contract/views';
import type { DiagnosisAction, DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import { speedOf, speedOfRatio, type Speed } from '../../../src-shared/domain/runs/speed';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { GateReason, GateResult, RunRecord, TableRow } from '../../../src-shared/domain/runs/run-record';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { verdictOf } from './gates';
import { actionEdit, type ActionEdit, canExplain, isApplied, storedDiagnosis } from './why';

/** The suggested action after the verdict; at most one is shown. */
export type HeadlineAction =
  | { readonly kind: 'apply'; readonly action: DiagnosisAction; readonly edit: ActionEdit }
  | { readonly kind: 'why'; readonly subject: DiagnosisSubject }
  | {
      readonly kind: 'open';
      readonly screen: 'run' | 'data' | 'precision';
      readonly label: 'setGates' | 'export' | 'data' | 'run' | 'search' | 'plan';
    };

/** The summary of a run in one sentence. */
export type Headline =
  | { readonly kind: 'none' }
  /** The variant misses a gate for a group, and a change was measured that improves this group. */
  | {
      readonly kind: 'mend';
      readonly variant: string;
      readonly group: string;
      readonly action: HeadlineAction & { readonly kind: 'apply' };
    }
  | {
      readonly kind: 'missed';
      readonly variant: string;
      readonly gate: GateResult;
      readonly action: HeadlineAction | null;
    }
  /**
   * slower: than another variant (FP16 or FP32) that loses no more accuracy. ship: FP16 loses no more and is as fast or
   * faster, so that INT8 earns nothing.
   */
  | {
      readonly kind: 'slower' | 'ship';
      readonly variant: string;
      readonly other: string;
      readonly speed: Speed;
      readonly action: HeadlineAction;
    }
  | {
      readonly kind: 'unjudged';
      readonly variant: string;
      readonly gate: GateResult;
      readonly action: HeadlineAction | null;
    }
  | {
      readonly kind: 'ready' | 'open';
      readonly variant: string;
      readonly facts: HeadlineFacts;
      readonly action: HeadlineAction;
    };

/** Numbers of the shipped variant, as far as the run measured them. */
export interface HeadlineFacts {
  readonly difference: string | null;
  /** Name of the measure of the difference. */
  readonly measure: string;
  readonly sqnr: string | null;
  readonly speed: Speed | null;
}

export interface HeadlineSources {
  readonly record: RunRecord;
  /** Judgements by the current gates. */
  readonly judged: readonly GateResult[];
  readonly analyses: Pick<AnalysesView, 'diagnoses'> | null;
  readonly file: Pick<ProjectFile, 'plan' | 'tensorMethods' | 'target'>;
}

/**
 * The verdict on the first shipped variant. In this order: FP16 if it is as fast and loses no more, a missed gate and
 * its remedy, a faster variant without more loss, a gate that could not be judged, the next step.
 */
export function headlineOf(sources: HeadlineSources): Headline {
  const { record, judged } = sources;
  const variant = record.shipped[0];
  if (variant === undefined) return { kind: 'none' };
  const verdict = verdictOf(judged, variant);
  const faster = fasterVariant(record.table, variant);
  if (faster?.other === 'fp16')
    return { kind: 'ship', variant, ...faster, action: { kind: 'open', screen: 'precision', label: 'plan' } };
  if (verdict.kind === 'missed') return missedHeadline(variant, verdict.missed, sources);
  if (faster !== null)
    return { kind: 'slower', variant, ...faster, action: { kind: 'open', screen: 'precision', label: 'plan' } };
  const unjudged = verdict.kind === 'unjudged' ? verdict.unjudged[0] : undefined;
  if (unjudged !== undefined)
    return { kind: 'unjudged', variant, gate: unjudged, action: remedyOf(unjudged.reasonCode) };
  const facts = factsOf(record.table.find((row) => row.variant === variant));
  if (verdict.kind === 'ready')
    return { kind: 'ready', variant, facts, action: { kind: 'open', screen: 'run', label: 'export' } };
  return { kind: 'open', variant, facts, action: { kind: 'open', screen: 'run', label: 'setGates' } };
}

function missedHeadline(
  variant: string,
  missed: readonly GateResult[],
  { record, analyses, file }: HeadlineSources,
): Headline {
  const gate = missed.find(({ group }) => group !== undefined) ?? missed[0];
  if (gate === undefined) return { kind: 'none' };
  const subject: DiagnosisSubject | null = gate.group === undefined ? null : { kind: 'group', group: gate.group };
  if (subject === null || !canExplain(variant))
    return {
      kind: 'missed',
      variant,
      gate,
      action: gate.name === 'maxLatencyMs' ? null : { kind: 'open', screen: 'precision', label: 'search' },
    };
  const found = storedDiagnosis(analyses, { subject, variant, target: record.options.target });
  const action = found?.isCurrent ? found.result.actions[0] : undefined;
  const edit = action === undefined ? null : actionEdit(action);
  if (action === undefined || edit === null || isApplied(edit, file))
    return { kind: 'missed', variant, gate, action: { kind: 'why', subject } };
  return { kind: 'mend', variant, group: subject.group, action: { kind: 'apply', action, edit } };
}

/** Whether `row` loses more accuracy than `own`. FP32 never does; FP16 may. */
function losesMore(row: TableRow, own: TableRow): boolean {
  if (row.variant === REFERENCE_VARIANT) return false;
  if (row.measure !== undefined && own.measure !== undefined)
    return row.measure.higherIsBetter ? row.measure.value < own.measure.value : row.measure.value > own.measure.value;
  return (row.outputSqnrDb ?? Number.POSITIVE_INFINITY) < (own.outputSqnrDb ?? Number.NEGATIVE_INFINITY);
}

/** FP16 is as fast as a variant that is faster by less than this factor: two runs of one engine differ as much. */
const EARNED = 1.01;

/** FP16 or FP32, if it loses no more accuracy than the variant and is faster, or, for FP16, as fast. */
function fasterVariant(
  table: readonly TableRow[],
  variant: string,
): { readonly other: string; readonly speed: Speed } | null {
  const own = table.find((row) => row.variant === variant);
  if (own?.latencyMs === undefined) return null;
  const { latencyMs } = own;
  const faster = table.flatMap((row) => {
    if (
      (row.variant !== REFERENCE_VARIANT && row.variant !== 'fp16') ||
      row.variant === variant ||
      row.latencyMs === undefined
    )
      return [];
    if (losesMore(row, own)) return [];
    const speed =
      row.variant === REFERENCE_VARIANT && own.ratioToFp32 !== undefined
        ? speedOf(own.ratioToFp32)
        : speedOfRatio(latencyMs / row.latencyMs);
    const isAsFast = row.variant === 'fp16' && speed.factor < EARNED;
    if (isAsFast) return [{ other: row.variant, speed: { kind: 'same' as const, factor: 1 } }];
    return speed.kind === 'slower' ? [{ other: row.variant, speed }] : [];
  });
  return faster.reduce<(typeof faster)[number] | null>(
    (most, own) => (most !== null && most.speed.factor >= own.speed.factor ? most : own),
    null,
  );
}

/** The action that provides the data that the gate lacks; null if no action can. */
function remedyOf(reason: GateReason | undefined): HeadlineAction | null {
  switch (reason) {
    case 'no-set':
    case 'no-labels':
    case 'no-groups':
      return { kind: 'open', screen: 'data', label: 'data' };
    case 'no-benchmark':
    case 'no-fp32':
    case 'no-variant':
    case 'few-samples':
    case 'no-drift':
      return { kind: 'open', screen: 'run', label: 'run' };
    case 'no-classification':
    case 'no-measure':
    case 'no-classes':
    case 'no-memory':
    case 'no-build-time':
    case 'no-layer-times':
    case 'no-agreement':
    case 'no-baseline':
    case 'no-baseline-value':
    case 'other-hardware':
    case 'other-images':
    case undefined:
      return null;
  }
}

function factsOf(row: TableRow | undefined): HeadlineFacts {
  const compared = row?.difference;
  return {
    difference: compared === undefined ? null : formatMeasureDifference(row?.measure?.name ?? '', compared.value),
    measure: row?.measure?.name ?? 'top-1',
    sqnr: compared !== undefined || row?.outputSqnrDb === undefined ? null : formatDb(row.outputSqnrDb),
    speed: row?.ratioToFp32 === undefined ? null : speedOf(row.ratioToFp32),
  };
}
