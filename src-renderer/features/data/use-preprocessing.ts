import { useMemo } from 'react';
import type { ProjectView } from '../../../src-shared/contract/views';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { usePreprocessingEdits } from '../../state/preprocessing-edits';

export interface PreprocessingEditor {
  /** The project's. */
  readonly saved: Preprocessing;
  /** With what was changed and not applied yet. */
  readonly value: Preprocessing;
  readonly isApplying: boolean;
  readonly change: (value: Preprocessing) => void;
  readonly reset: () => void;
  readonly apply: () => void;
}

/** The preprocessing of the open project, with changes that are tried out, and kept while other screens are open, before they are applied as one edit. */
export function usePreprocessing(project: ProjectView): PreprocessingEditor {
  const saved = project.file.preprocessing;
  const draft = usePreprocessingEdits((state) => (state.projectPath === project.path ? state.draft : null));
  const isApplying = usePreprocessingEdits((state) => state.isApplying);
  const { change, discard, apply } = usePreprocessingEdits.getState();
  return useMemo(
    () => ({ saved, value: draft ?? saved, isApplying, change, reset: discard, apply: () => void apply() }),
    [saved, draft, isApplying, change, discard, apply],
  );
}
