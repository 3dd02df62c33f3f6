import { formatMs } from '../../base/units';
import { denseVariantOf, isQuestion } from '../project/variant';
import { formatMeasure, formatMeasureDifference } from '../tasks/measure-text';
import type { RefusedVariant, RunRecord, TableRow } from './run-record';
import { formatSpeed, speedOfRatio, type Speed } from './speed';
import { REFERENCE_VARIANT } from './run-table';

/** What a question costs in accuracy against the variant that it would replace. */
export interface AccuracyCost {
  readonly measure: string;
  readonly value: number;
  readonly against: string;
  readonly againstValue: number;
}

/** Where times were measured. */
export interface MeasuredOn {
  readonly device: string;
  readonly batch: number;
}

/** The answer to the question whether a format below INT8, or sparse kernels, would pay here. */
export type Answer =
  | { readonly variant: string; readonly kind: 'refused'; readonly reason: string }
  /** The accuracy was measured, the time was not: for a reason, or because nothing was timed. */
  | {
      readonly variant: string;
      readonly kind: 'not-timed';
      readonly reason: string | null;
      readonly cost: AccuracyCost | null;
    }
  | {
      readonly variant: string;
      /** Compared with the fastest variant that is no question. */
      readonly kind: 'pays' | 'equal' | 'slower';
      readonly latencyMs: number;
      readonly against: { readonly variant: string; readonly latencyMs: number };
      readonly speed: Speed;
      /** Of a pruned copy: compared with the variant that it is the copy of. */
      readonly overDense: { readonly variant: string; readonly speed: Speed } | null;
      /** null: not measured. */
      readonly cost: AccuracyCost | null;
      readonly on: MeasuredOn;
    };

export type { RefusedVariant };

/** Differences below this share count as equal: two runs of one engine differ as much. */
const EQUAL = 1.01;

type MeasuredRow = Pick<TableRow, 'variant' | 'latencyMs' | 'ratioToFp32' | 'measure'>;
type TimedRow = MeasuredRow & { readonly latencyMs: number };

/**
 * Answers the questions among the rows of a table, in their order, and names those that were refused.
 * @param on null if nothing was timed
 */
export function answersOf(
  rows: readonly MeasuredRow[],
  refused: readonly RefusedVariant[],
  on: MeasuredOn | null,
): readonly Answer[] {
  const usual = rows.filter(({ variant }) => !isQuestion(variant));
  const fastest = usual
    .filter(isTimed)
    .reduce<TimedRow | null>((best, row) => (best !== null && best.latencyMs <= row.latencyMs ? best : row), null);
  const asked = rows.filter(({ variant }) => isQuestion(variant));
  return [
    ...asked.map((row): Answer => {
      const { variant } = row;
      const cost = costOf(row, rows);
      if (!isTimed(row) || fastest === null || on === null) {
        const reason = refused.find((each) => each.variant === variant)?.reason ?? null;
        return { variant, kind: 'not-timed', reason, cost };
      }
      const speed = speedBeside(row, fastest);
      const dense = rows.filter(isTimed).find((other) => other.variant === denseVariantOf(variant));
      const kind = speed.factor < EQUAL ? 'equal' : speed.kind === 'faster' ? 'pays' : 'slower';
      return {
        variant,
        kind,
        latencyMs: row.latencyMs,
        against: { variant: fastest.variant, latencyMs: fastest.latencyMs },
        speed: kind === 'equal' ? { kind: 'same', factor: 1 } : speed,
        overDense: dense === undefined ? null : { variant: dense.variant, speed: speedBeside(row, dense) },
        cost,
        on,
      };
    }),
    ...refused
      .filter(({ variant }) => !asked.some((row) => row.variant === variant))
      .map(({ variant, reason }): Answer => ({ variant, kind: 'refused', reason })),
  ];
}

function isTimed(row: MeasuredRow): row is TimedRow {
  return row.latencyMs !== undefined;
}

/**
 * The speed of a variant against another one, by the rounds in which both took turns with FP32; `same` if the 10th to
 * 90th percentiles of their rounds overlap. With too few rounds for percentiles, by the medians of the latencies.
 */
function speedBeside(row: TimedRow, other: TimedRow): Speed {
  const own = roundsOf(row);
  const others = roundsOf(other);
  if (own === null || others === null) return speedOfRatio(row.latencyMs / other.latencyMs);
  const overlaps = own.p10 <= others.p90 && others.p10 <= own.p90;
  return overlaps ? { kind: 'same', factor: 1 } : speedOfRatio(own.median / others.median);
}

/** The ratio to FP32 with its spread; null with too few rounds. */
function roundsOf({ variant, ratioToFp32 }: TimedRow): typeof ONE | null {
  if (variant === REFERENCE_VARIANT) return ONE;
  const { median, p10, p90 } = ratioToFp32 ?? {};
  return median === undefined || p10 === undefined || p90 === undefined ? null : { median, p10, p90 };
}

/** FP32 against itself. */
const ONE = { median: 1, p10: 1, p90: 1 };

function costOf(row: MeasuredRow, rows: readonly MeasuredRow[]): AccuracyCost | null {
  const against = rows.find(({ variant }) => variant === (denseVariantOf(row.variant) ?? REFERENCE_VARIANT));
  if (row.measure === undefined || against?.measure === undefined) return null;
  return {
    measure: row.measure.name,
    value: row.measure.value,
    against: against.variant,
    againstValue: against.measure.value,
  };
}

/** The accuracy with its difference: `top-1 96.90 %, -0.15 points against fp32`. */
export function costText({ measure, value, against, againstValue }: AccuracyCost): string {
  const difference = formatMeasureDifference(measure, value - againstValue);
  return `${measure} ${formatMeasure(measure, value)}, ${difference} against ${against}`;
}

/** The answer as English sentences. */
export function answerSentence(answer: Answer): string {
  const { variant } = answer;
  if (answer.kind === 'refused') return `${variant} was not measured: ${answer.reason}.`;
  const accuracy = answer.cost === null ? 'Its accuracy was not measured.' : `${sentenceCase(costText(answer.cost))}.`;
  if (answer.kind === 'not-timed')
    return `${variant} was judged, but not timed${answer.reason === null ? '' : `: ${answer.reason}`}. ${accuracy}`;
  const { latencyMs, against, speed, overDense, on } = answer;
  const verdict = { pays: 'would pay here', equal: 'wins nothing here', slower: 'does not pay here' }[answer.kind];
  const dense =
    overDense === null || overDense.variant === against.variant
      ? ''
      : `, and ${formatSpeed(overDense.speed)} ${relation(overDense.speed)} ${overDense.variant}`;
  return (
    `${variant} ${verdict}: ${formatMs(latencyMs)} at batch ${on.batch} on ${on.device}, ` +
    `${formatSpeed(speed)} ${relation(speed)} ${against.variant} (${formatMs(against.latencyMs)})${dense}. ` +
    `${accuracy} Other batch sizes and devices were not measured.`
  );
}

function relation({ kind }: Speed): string {
  return kind === 'same' ? 'as' : 'than';
}

function sentenceCase(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** The answers of a run; those of its first batch size, which the table shows. */
export function answersOfRun({ table, refused = [], benchmark }: RunRecord): readonly Answer[] {
  const first = benchmark?.variants[0];
  const on =
    first === undefined || benchmark === null
      ? null
      : {
          device:
            benchmark.gpu === undefined
              ? benchmark.device
              : `${benchmark.device} with TensorRT ${benchmark.gpu.tensorrt}`,
          batch: first.batch,
        };
  return answersOf(table, refused, on);
}
