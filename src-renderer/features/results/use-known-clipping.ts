import { useEffect, useState } from 'react';
import type { ProjectView } from '../../../src-shared/contract/views';
import type { DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import { useSession } from '../../state/session';
import { knownClipping, type ClippedTensor } from './known-clipping';

/** What calibration knows about a group already; null while it is read, and where it knows nothing of the subject. */
export function useKnownClipping(project: ProjectView, subject: DiagnosisSubject): readonly ClippedTensor[] | null {
  const api = useSession((state) => state.api);
  const revision = useSession((state) => state.calibrationRevision);
  const [known, setKnown] = useState<readonly ClippedTensor[] | null>(null);
  const group = subject.kind === 'group' ? subject.group : null;
  const { path, calibrated, file } = project;
  useEffect(() => {
    setKnown(null);
    if (group === null || !calibrated) return undefined;
    let isCurrent = true;
    api.getThresholds({ projectPath: path, withCosts: true }).then(
      (table) => {
        if (isCurrent) setKnown(knownClipping(table, group));
      },
      // The diagnosis below can still be asked for, and says what is wrong.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [api, path, calibrated, group, revision, file]);
  return known;
}
