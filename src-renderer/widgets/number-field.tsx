import { useId, useState, type KeyboardEvent } from 'react';
import { t } from '../i18n';
import './fields.css';
import { classNames } from './class-names';
import { parseNumber } from './number-text';

interface NumberFieldProps {
  readonly label: string;
  /** Null: empty. */
  readonly value: number | null;
  /** Called with Enter and on leaving the field, only with a valid number that differs. */
  readonly onCommit: (value: number | null) => void;
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  /** Of the arrow keys; Shift makes it ten times as much. */
  readonly step?: number;
  readonly isInteger?: boolean;
  /** An empty field is an answer (null). */
  readonly mayBeEmpty?: boolean;
  readonly isLabelHidden?: boolean;
  readonly disabled?: boolean;
  readonly placeholder?: string;
}

/** A field for a number with its unit. Escape brings the old value back. */
export function NumberField(props: NumberFieldProps) {
  const { label, value, onCommit, unit, step, isLabelHidden = false } = props;
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? (value === null ? '' : String(value));
  const parsed = draft === null ? { isValid: true, value } : judge(draft, props);

  const commit = (): void => {
    if (draft !== null && parsed.isValid && parsed.value !== value) onCommit(parsed.value);
    setDraft(null);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    // What cannot be taken stays, marked, with its reason as a tooltip.
    if (event.key === 'Enter' && parsed.isValid) commit();
    if (event.key === 'Escape' && draft !== null) {
      event.stopPropagation();
      setDraft(null);
    }
    const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (direction === 0 || step === undefined) return;
    event.preventDefault();
    const moved = (parsed.value ?? 0) + direction * step * (event.shiftKey ? 10 : 1);
    setDraft(String(Number(moved.toPrecision(12))));
  };

  return (
    <div className="field">
      <label htmlFor={id} className={isLabelHidden ? 'visually-hidden' : 'field-label'}>
        {label}
      </label>
      <span className={classNames('field-box', !parsed.isValid && 'field-box-invalid')}>
        <input
          id={id}
          className="number"
          inputMode="decimal"
          autoComplete="off"
          value={text}
          disabled={props.disabled ?? false}
          placeholder={props.placeholder ?? ''}
          aria-invalid={!parsed.isValid}
          data-undo={draft === null ? 'project' : 'field'}
          title={parsed.isValid ? undefined : rangeText(props)}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={commit}
          onKeyDown={onKeyDown}
        />
        {unit === undefined ? null : <span className="field-unit">{unit}</span>}
      </span>
    </div>
  );
}

function judge(text: string, { min, max, isInteger = false, mayBeEmpty = false }: NumberFieldProps): { readonly isValid: boolean; readonly value: number | null } {
  if (text.trim() === '') return { isValid: mayBeEmpty, value: null };
  const value = parseNumber(text);
  const isValid = value !== null && (min === undefined || value >= min) && (max === undefined || value <= max) && (!isInteger || Number.isInteger(value));
  return { isValid, value };
}

function rangeText({ min, max }: NumberFieldProps): string {
  if (min !== undefined && max !== undefined) return t('widgets.numberBetween', { min: String(min), max: String(max) });
  return min === undefined ? t('widgets.numberExpected') : t('widgets.numberFrom', { min: String(min) });
}
