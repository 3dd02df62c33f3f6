import { list, object, parse, string } from '../../src-shared/base/schema';
import { isSame } from '../../src-shared/domain/project/decisions';
import { decisionsSchema, type ProjectDecisions } from '../../src-shared/domain/project/project';
import { readStored, writeStored } from './stored';

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

const STORED_KEY = 'calib.history';
/** More steps are not worth the time that every edit would take to write them. */
const MAX_KEPT_STEPS = 50;

const steps = list(object({ name: string, before: decisionsSchema, after: decisionsSchema }));
const keptSchema = object({ projectPath: string, undoable: steps, redoable: steps });

/**
 * Keeps what can be undone in this tab, so that a reload does not take it away. Where the storage is too small, fewer
 * steps.
 */
export function keepHistory(projectPath: string, { undoable, redoable }: EditHistory): void {
  for (let most = MAX_KEPT_STEPS; most >= 1; most = Math.floor(most / 4)) {
    if (
      writeStored(
        STORED_KEY,
        { projectPath, undoable: undoable.slice(-most), redoable: redoable.slice(-most) },
        'sessionStorage',
      )
    )
      return;
  }
}

/** What could be undone of a project before the page was reloaded; empty for another project or what cannot be read. */
export function keptHistory(projectPath: string): EditHistory {
  try {
    const { projectPath: owner, undoable, redoable } = parse(keptSchema, readStored(STORED_KEY, 'sessionStorage'));
    return owner === projectPath ? { undoable, redoable } : EMPTY_HISTORY;
  } catch {
    return EMPTY_HISTORY;
  }
}
