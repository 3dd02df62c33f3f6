import { t } from '../i18n';

interface FieldProblemProps {
  /** The input names it in `aria-describedby`. */
  readonly id: string;
  /** What the field takes, as a sentence. */
  readonly expected: string;
  /** The value that stays in use meanwhile; null: the field counts as empty. */
  readonly inUse: string | null;
}

/** Below a field whose text was not taken: why, and which value is used instead. It is also announced. */
export function FieldProblem({ id, expected, inUse }: FieldProblemProps) {
  return (
    <span id={id} className="field-problem" role="alert">
      {inUse === null ? t('widgets.notTakenEmpty', { expected }) : t('widgets.notTaken', { expected, value: inUse })}
    </span>
  );
}
