import type { ReactNode } from 'react';
import { classNames } from '../../widgets/class-names';
import styles from './verdict.module.css';

export type Tone = 'good' | 'bad' | 'caution';

const TONES: Readonly<Record<Tone, string | undefined>> = {
  good: styles.good,
  bad: styles.bad,
  caution: styles.caution,
};

interface VerdictProps {
  /** undefined: neither good nor bad. */
  readonly tone: Tone | undefined;
  readonly isLarge?: boolean;
  readonly testId: string;
  /** The sentence as a paragraph, and a button. */
  readonly children: ReactNode;
}

/** A result in one sentence, with what can be done about it. */
export function Verdict({ tone, isLarge = false, testId, children }: VerdictProps) {
  return (
    <div
      className={classNames(styles.root, isLarge && styles.large, tone && TONES[tone])}
      data-testid={testId}
      role="status"
    >
      {children}
    </div>
  );
}
