import { useState } from 'react';
import { classNames } from './class-names';
import { TextField } from './fields';
import { formatNumberList, parseNumberList } from './number-list';

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

/** Numbers separated by commas; fractions such as 1/255 are numbers too. Escape brings the old text back. */
export function NumberListField({ label, values, isAllowed, expected, onChange }: NumberListFieldProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const parsed = draft === null ? values : parseNumberList(draft);
  const isValid = parsed !== null && isAllowed(parsed);
  const change = (text: string): void => {
    setDraft(text);
    const list = parseNumberList(text);
    if (list !== null && isAllowed(list)) onChange(list);
  };
  return (
    <div className={classNames(!isValid && 'number-list-invalid')}>
      <TextField
        label={label}
        value={draft ?? formatNumberList(values)}
        aria-invalid={!isValid}
        {...(isValid ? {} : { hint: expected })}
        onChange={(event) => change(event.target.value)}
        onBlur={() => setDraft(null)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') setDraft(null);
          if (event.key !== 'Escape' || draft === null) return;
          event.stopPropagation();
          setDraft(null);
        }}
      />
    </div>
  );
}
