import { useEffect, useId, useState } from 'react';
import { TextField } from './fields';
import { FieldProblem } from './field-problem';
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
  // A list that is being typed is in force at once: only a text that was refused gives way to what comes from outside.
  useEffect(() => setDraft((text) => (text !== null && listOf(text) === null ? null : text)), [inUse]);
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
