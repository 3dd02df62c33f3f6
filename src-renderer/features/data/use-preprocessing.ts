import { useMemo, useState } from 'react';
import type { ProjectView } from '../../../src-shared/contract/api';
import type { Preprocessing } from '../../../src-shared/domain/preprocessing';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { isSamePreprocessing } from './preprocessing-draft';

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

/** The preprocessing of the open project, with changes that are tried out before they are applied as one edit. */
export function usePreprocessing(project: ProjectView): PreprocessingEditor {
  const edit = useSession((state) => state.edit);
  const saved = project.file.preprocessing;
  const [draft, setDraft] = useState<Preprocessing | null>(null);
  const [isApplying, setApplying] = useState(false);
  return useMemo(() => {
    const value = draft ?? saved;
    const apply = async (): Promise<void> => {
      setApplying(true);
      if (await edit(t('data.edit.preprocessing'), [{ kind: 'preprocessing', preprocessing: value }])) setDraft(null);
      setApplying(false);
    };
    return {
      saved,
      value,
      isApplying,
      change: (next) => setDraft(isSamePreprocessing(next, saved) ? null : next),
      reset: () => setDraft(null),
      apply: () => void apply(),
    };
  }, [saved, draft, isApplying, edit]);
}
