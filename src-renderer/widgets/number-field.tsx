import { type KeyboardEvent, useId, useState } from 'react';
import { t } from '../i18n';
import { classNames } from './class-names';
import { FieldProblem, TextField } from './fields';
import styles from './fields.module.css';
import { formatNumberList, parseNumber, parseNumberList } from './number-text';

interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
  /** The number must be greater than this. Used instead of `min` when the limit itself is not allowed. */
  readonly above?: number;
  readonly isInteger?: boolean;
  /** An empty field is valid and means null. */
  readonly mayBeEmpty?: boolean;
}

interface NumberFieldProps extends NumberLimits {
  readonly label: string;
  /** Null shows an empty field. */
  readonly value: number | null;
  /** Called on Enter and on blur, only with a valid number that differs from `value`. */
  readonly onCommit: (value: number | null) => void;
  readonly unit?: string;
  /** The amount that an arrow key adds; Shift multiplies it by ten. */
  readonly step?: number;
  readonly isLabelHidden?: boolean;
  readonly disabled?: boolean;
  readonly placeholder?: string;
}

/**
 * A field for a number with its unit. An invalid text stays in the field with the reason below it, until a person
 * corrects it, Escape restores the old value, or `value` changes.
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
  /** What was expected, as a sentence; null if the text is valid. */
  readonly problem: string | null;
  readonly value: number | null;
}

/** Parses a text as a number within limits; `problem` says what was expected if it is not one. */
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

/** A limit rounded to six digits for display. */
function shortText(limit: number): string {
  return Number.isInteger(limit) ? String(limit) : String(Number(limit.toPrecision(6)));
}

interface NumberListFieldProps {
  readonly label: string;
  readonly values: readonly number[];
  /** A condition on the list in addition to being numbers. */
  readonly isAllowed: (values: readonly number[]) => boolean;
  /** Shown while the text is not such a list. */
  readonly expected: string;
  /** Called on every change that yields a valid list. */
  readonly onChange: (values: readonly number[]) => void;
}

/**
 * Numbers separated by commas; fractions such as 1/255 are allowed. An invalid text stays in the field with the
 * reason below it, until a person corrects it, Escape restores the old list, or `values` changes.
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
