import { isSame } from '../../src-shared/domain/project/decisions';
import type { ProjectDecisions } from '../../src-shared/domain/project/project';

/** One edit as undo and redo see it. */
export interface HistoryStep {
  /** Name in the user's words: `conv_12 to FP16`. */
  readonly name: string;
  readonly before: ProjectDecisions;
  readonly after: ProjectDecisions;
}

export interface EditHistory {
  readonly undoable: readonly HistoryStep[];
  readonly redoable: readonly HistoryStep[];
}

export const EMPTY_HISTORY: EditHistory = { undoable: [], redoable: [] };
const MAX_STEPS = 200;

/** A new edit: what was undone before it can no longer be redone. An edit that changed nothing is no step. */
export function recordStep(history: EditHistory, step: HistoryStep): EditHistory {
  if (isSame(step.before, step.after)) return history;
  return { undoable: [...history.undoable, step].slice(-MAX_STEPS), redoable: [] };
}
