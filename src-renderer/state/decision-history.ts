import { list, object, parse, string } from '../../src-shared/base/schema';
import { isSame } from '../../src-shared/domain/project/decisions';
import { decisionsSchema, type ProjectDecisions } from '../../src-shared/domain/project/project';
import { readStored, writeStored } from './stored';

/** One edit in the history of undo and redo. */
export interface HistoryStep {
  /** Name shown to the user: `conv_12 to FP16`. */
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

/** Adds a new edit and clears the steps that could be redone. An edit that changed nothing is not added. */
export function recordStep(history: EditHistory, step: HistoryStep): EditHistory {
  if (isSame(step.before, step.after)) return history;
  return { undoable: [...history.undoable, step].slice(-MAX_STEPS), redoable: [] };
}

const STORED_KEY = 'calib.history';
/** The whole history is written on every edit; more steps would make that too slow. */
const MAX_KEPT_STEPS = 50;

const steps = list(object({ name: string, before: decisionsSchema, after: decisionsSchema }));
const keptSchema = object({ projectPath: string, undoable: steps, redoable: steps });

/**
 * Stores the history in this tab, so that it survives a reload. If the storage is too small, fewer steps are stored.
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

/** Reads the history that was stored before a reload; empty if it belongs to another project or cannot be read. */
export function keptHistory(projectPath: string): EditHistory {
  try {
    const { projectPath: owner, undoable, redoable } = parse(keptSchema, readStored(STORED_KEY, 'sessionStorage'));
    return owner === projectPath ? { undoable, redoable } : EMPTY_HISTORY;
  } catch {
    return EMPTY_HISTORY;
  }
}
