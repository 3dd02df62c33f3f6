import { type InputHTMLAttributes, type ReactNode, type Ref, useEffect, useId, useLayoutEffect, useRef } from 'react';
import { t } from '../i18n';
import { classNames } from './class-names';
import styles from './fields.module.css';
import { Icon, type IconName } from './icons';

interface TextFieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly isLabelHidden?: boolean;
  readonly icon?: IconName;
  readonly hint?: string;
  readonly inputRef?: Ref<HTMLInputElement>;
  /** An element behind the input, such as a button. */
  readonly after?: ReactNode;
  /** Why the text is invalid, an element with the id `problemId`; null if it is valid. */
  readonly problem?: ReactNode;
  readonly problemId?: string;
}

/** A field for a path. Unless it has the focus, it is scrolled to the end of the path, which identifies it. */
export function PathField(props: TextFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const showEnd = (): void => {
    if (input.current !== null && input.current !== document.activeElement)
      input.current.scrollLeft = input.current.scrollWidth;
  };
  useLayoutEffect(showEnd, [props.value]);
  useEffect(() => {
    if (input.current === null || typeof ResizeObserver === 'undefined') return undefined;
    const observer = new ResizeObserver(showEnd);
    observer.observe(input.current);
    return () => observer.disconnect();
  }, []);
  return (
    <TextField
      {...props}
      inputRef={input}
      onBlur={(event) => {
        props.onBlur?.(event);
        // The browser scrolls back to the beginning after the event.
        requestAnimationFrame(showEnd);
      }}
    />
  );
}

export function TextField({
  label,
  isLabelHidden = false,
  icon,
  hint,
  inputRef,
  after,
  problem = null,
  problemId,
  ...rest
}: TextFieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  const describedBy = [hint === undefined ? null : hintId, problem === null ? null : problemId]
    .filter((name) => typeof name === 'string')
    .join(' ');
  return (
    <div className={styles.root}>
      <label htmlFor={id} className={isLabelHidden ? 'visually-hidden' : styles.label}>
        {label}
      </label>
      <span className={classNames(styles.box, problem !== null && styles.boxInvalid)}>
        {icon === undefined ? null : <Icon name={icon} />}
        <input
          id={id}
          ref={inputRef}
          autoComplete="off"
          spellCheck={false}
          aria-invalid={problem === null ? undefined : true}
          aria-describedby={describedBy === '' ? undefined : describedBy}
          {...rest}
        />
        {after}
      </span>
      {hint === undefined ? null : (
        <span id={hintId} className={styles.hint}>
          {hint}
        </span>
      )}
      {problem}
    </div>
  );
}

/** The search field above a list. Escape empties it. */
export function SearchField({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <TextField
      type="search"
      label={label}
      isLabelHidden
      icon="search"
      placeholder={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && value !== '') {
          event.stopPropagation();
          onChange('');
        }
      }}
    />
  );
}

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly title?: string;
  readonly disabled?: boolean;
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T | null;
  readonly choices: readonly Choice<T>[];
  readonly onChoose: (value: T) => void;
  readonly isLabelHidden?: boolean;
  readonly disabled?: boolean;
}

/** A choice among few values that are all visible. */
export function Segmented<T extends string>({
  label,
  value,
  choices,
  onChoose,
  isLabelHidden = true,
  disabled = false,
}: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className={styles.root} disabled={disabled}>
      <legend className={isLabelHidden ? 'visually-hidden' : styles.label}>{label}</legend>
      <span className={styles.segmentedBox}>
        {choices.map((choice) => (
          <label key={choice.value} title={choice.title} className={styles.segmentedChoice}>
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              disabled={choice.disabled ?? false}
              onChange={() => onChoose(choice.value)}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </span>
    </fieldset>
  );
}

/** A choice among many values, as a menu. */
export function Select<T extends string>({
  label,
  value,
  choices,
  onChoose,
  isLabelHidden = false,
  disabled = false,
}: ChoiceProps<T>) {
  const id = useId();
  return (
    <div className={styles.root}>
      <label htmlFor={id} className={isLabelHidden ? 'visually-hidden' : styles.label}>
        {label}
      </label>
      <select
        id={id}
        className={styles.select}
        value={value ?? ''}
        disabled={disabled}
        onChange={(event) => {
          const chosen = choices.find((choice) => choice.value === event.target.value);
          if (chosen !== undefined) onChoose(chosen.value);
        }}
      >
        {value === null ? <option value="" /> : null}
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} disabled={choice.disabled ?? false}>
            {choice.label}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Checkbox({
  label,
  checked,
  onChange,
  disabled = false,
}: {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}) {
  return (
    <label className={styles.checkbox}>
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>{label}</span>
    </label>
  );
}

interface FieldProblemProps {
  /** The input names it in `aria-describedby`. */
  readonly id: string;
  /** What the field accepts, as a sentence. */
  readonly expected: string;
  /** The value that remains in use; null if the field counts as empty. */
  readonly inUse: string | null;
}

/** Says below a field why its text is invalid and which value is used instead; screen readers announce it. */
export function FieldProblem({ id, expected, inUse }: FieldProblemProps) {
  return (
    <FieldAlert id={id}>
      {inUse === null ? t('widgets.notTakenEmpty', { expected }) : t('widgets.notTaken', { expected, value: inUse })}
    </FieldAlert>
  );
}

/** A sentence about what is wrong with a field; the input names `id` in `aria-describedby`. */
export function FieldAlert({ id, children }: { readonly id: string; readonly children: ReactNode }) {
  return (
    <span id={id} className={styles.problem} role="alert">
      {children}
    </span>
  );
}
