import { type KeyboardEvent, useId, useState } from 'react';
import { t } from '../i18n';
import { classNames } from './class-names';
import { FieldProblem, TextField } from './fields';
import styles from './fields.module.css';
import { formatNumberList, parseNumber, parseNumberList } from './number-text';

interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
  /** The number must be larger than this; takes the place of `min` where the limit itself is not allowed. */
  readonly above?: number;
  readonly isInteger?: boolean;
  /** An empty field is an answer (null). */
  readonly mayBeEmpty?: boolean;
}

interface NumberFieldProps extends NumberLimits {
  readonly label: string;
  /** Null: empty. */
  readonly value: number | null;
  /** Called with Enter and on leaving the field, only with a valid number that differs. */
  readonly onCommit: (value: number | null) => void;
  readonly unit?: string;
  /** Of the arrow keys; Shift makes it ten times as much. */
  readonly step?: number;
  readonly isLabelHidden?: boolean;
  readonly disabled?: boolean;
  readonly placeholder?: string;
}

/**
 * A field for a number with its unit. A text that is not taken stays in the field with the reason below it, until it is
 * corrected, Escape brings the old value back, or another value comes from outside.
 */
export function NumberField(props: NumberFieldProps) {
  const { label, value, onCommit, unit, step, isLabelHidden = false } = props;
  const id = useId();
  const problemId = `${id}-problem`;
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? (value === null ? '' : String(value));
  const parsed = draft === null ? { problem: null, value } : judgeNumber(draft, props);
  // A refused text is dropped when the value changes from outside.
  const [lastValue, setLastValue] = useState(value);
  if (!Object.is(value, lastValue)) {
    setLastValue(value);
    if (parsed.problem !== null) setDraft(null);
  }

  const commit = (): void => {
    if (parsed.problem !== null) return;
    if (draft !== null && parsed.value !== value) onCommit(parsed.value);
    setDraft(null);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === 'Enter') commit();
    if (event.key === 'Escape' && draft !== null) {
      event.stopPropagation();
      setDraft(null);
    }
    const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (direction === 0 || step === undefined) return;
    event.preventDefault();
    const moved = (parsed.value ?? 0) + direction * step * (event.shiftKey ? 10 : 1);
    setDraft(String(within(Number(moved.toPrecision(12)), props)));
  };

  return (
    <div className={styles.root}>
      <label htmlFor={id} className={isLabelHidden ? 'visually-hidden' : styles.label}>
        {label}
      </label>
      <span className={classNames(styles.box, parsed.problem !== null && styles.boxInvalid)}>
        <input
          id={id}
          className="number"
          inputMode="decimal"
          autoComplete="off"
          value={text}
          disabled={props.disabled ?? false}
          placeholder={props.placeholder ?? ''}
          aria-invalid={parsed.problem !== null}
          aria-describedby={parsed.problem === null ? undefined : problemId}
          data-undo={draft === null ? 'project' : 'field'}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={commit}
          onKeyDown={onKeyDown}
        />
        {unit === undefined ? null : <span className={styles.unit}>{unit}</span>}
      </span>
      {parsed.problem === null ? null : (
        <FieldProblem
          id={problemId}
          expected={parsed.problem}
          inUse={value === null ? null : `${String(value)}${unit === undefined ? '' : ` ${unit}`}`}
        />
      )}
    </div>
  );
}

function within(value: number, { min = -Infinity, max = Infinity }: NumberLimits): number {
  return Math.min(max, Math.max(min, value));
}

interface Judgement {
  /** What was expected instead, as a sentence; null when the text is taken. */
  readonly problem: string | null;
  readonly value: number | null;
}

/** The number that a text means within limits, or what is expected instead. */
export function judgeNumber(text: string, limits: NumberLimits): Judgement {
  const { min = -Infinity, max = Infinity, above = -Infinity, isInteger = false, mayBeEmpty = false } = limits;
  if (text.trim() === '') return { problem: mayBeEmpty ? null : expectedText(limits), value: null };
  const value = parseNumber(text);
  const isTaken =
    value !== null && value >= min && value <= max && value > above && (!isInteger || Number.isInteger(value));
  return { problem: isTaken ? null : expectedText(limits), value };
}

function expectedText({ min, max, above, isInteger = false }: NumberLimits): string {
  const what = t(isInteger ? 'widgets.wholeNumber' : 'widgets.number');
  if (above !== undefined)
    return max === undefined
      ? t('widgets.numberAbove', { what, above: String(above) })
      : t('widgets.numberAboveTo', { what, above: String(above), max: shortText(max) });
  if (min !== undefined && max !== undefined)
    return t('widgets.numberBetween', { what, min: shortText(min), max: shortText(max) });
  if (min !== undefined) return t('widgets.numberFrom', { what, min: shortText(min) });
  return max === undefined
    ? t('widgets.numberExpected', { what })
    : t('widgets.numberUpTo', { what, max: shortText(max) });
}

/** A limit without digits that nobody reads. */
function shortText(limit: number): string {
  return Number.isInteger(limit) ? String(limit) : String(Number(limit.toPrecision(6)));
}

interface NumberListFieldProps {
  readonly label: string;
  readonly values: readonly number[];
  /** What the list must fulfil beyond being numbers. */
  readonly isAllowed: (values: readonly number[]) => boolean;
  /** Said while the text is not such a list. */
  readonly expected: string;
  /** With every change that is a whole list. */
  readonly onChange: (values: readonly number[]) => void;
}

/**
 * Numbers separated by commas; fractions such as 1/255 are numbers too. A text that is not taken stays in the field with
 * the reason below it, until it is corrected, Escape brings the old list back, or another list comes from outside.
 */
export function NumberListField({ label, values, isAllowed, expected, onChange }: NumberListFieldProps) {
  const problemId = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const listOf = (text: string): readonly number[] | null => {
    const list = parseNumberList(text);
    return list !== null && isAllowed(list) ? list : null;
  };
  const isTaken = draft === null || listOf(draft) !== null;
  const inUse = formatNumberList(values);
  // A list takes effect while it is typed; only a refused text is dropped when the values change from outside.
  const [lastInUse, setLastInUse] = useState(inUse);
  if (inUse !== lastInUse) {
    setLastInUse(inUse);
    if (!isTaken) setDraft(null);
  }
  const change = (text: string): void => {
    setDraft(text);
    const list = listOf(text);
    if (list !== null) onChange(list);
  };
  const leave = (): void => {
    if (isTaken) setDraft(null);
  };
  return (
    <TextField
      label={label}
      value={draft ?? inUse}
      problem={isTaken ? null : <FieldProblem id={problemId} expected={expected} inUse={inUse} />}
      problemId={problemId}
      onChange={(event) => change(event.target.value)}
      onBlur={leave}
      onKeyDown={(event) => {
        if (event.key === 'Enter') leave();
        if (event.key !== 'Escape' || draft === null) return;
        event.stopPropagation();
        setDraft(null);
      }}
    />
  );
}
