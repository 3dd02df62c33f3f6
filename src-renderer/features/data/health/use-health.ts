import { useEffect, useState } from 'react';
import type { Dated, ProjectView } from '../../../../src-shared/contract/views';
import type { HealthResult } from '../../../../src-shared/domain/health/health';
import { useJobs } from '../../../state/jobs';
import { useSession } from '../../../state/session';

/** The last check of the project's calibration set: undefined while it is read, null when there was none. */
export function useHealth(project: ProjectView): Dated<HealthResult> | null | undefined | Error {
  const api = useSession((state) => state.api);
  const finished = useJobs((state) => state.jobs.filter((job) => job.kind === 'health' && job.state === 'done').length);
  const [health, setHealth] = useState<Dated<HealthResult> | null | undefined | Error>(undefined);
  // `project` is another object after every edit: what was found may be out of date then.
  useEffect(() => {
    let isCurrent = true;
    api.getHealth({ projectPath: project.path }).then(
      (found) => {
        if (isCurrent) setHealth(found);
      },
      (error: unknown) => {
        if (isCurrent) setHealth(error instanceof Error ? error : new Error(String(error)));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [api, project, finished]);
  return health;
}
