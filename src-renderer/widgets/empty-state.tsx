import type { ReactNode } from 'react';
import './states.css';

interface EmptyStateProps {
  readonly title: string;
  /** The next step in one sentence. */
  readonly children?: ReactNode;
  /** Its button. */
  readonly action?: ReactNode;
}

/** What a screen shows before it has something to show. */
export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <div className="empty-state">
      <h2>{title}</h2>
      {children === undefined ? null : <div className="empty-state-text">{children}</div>}
      {action === undefined ? null : <div className="empty-state-action">{action}</div>}
    </div>
  );
}
