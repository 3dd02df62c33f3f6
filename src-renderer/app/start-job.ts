import { specOf, startProblems } from '../features/run/run-options';
import type { StartableKind } from '../features/run/run-steps';
import { useRunOptions } from '../features/run/run-store';
import { useJobs } from '../state/jobs';
import { useSession } from '../state/session';
import { useView } from '../state/view';

/** Whether a job can be started with what is chosen on the run screen. */
export function canStart(kind: StartableKind): boolean {
  const { project } = useSession.getState();
  if (project === null) return false;
  const facts = {
    target: project.file.target,
    calibrated: project.calibrated,
    hasValidationSet: project.file.validationSet !== null,
  };
  return startProblems(kind, useRunOptions.getState().options, facts).length === 0;
}

/** Starts a job with what is chosen on the run screen, and shows how it goes; when something is missing, that screen says what. */
export function startJob(kind: StartableKind): void {
  const { project } = useSession.getState();
  if (project === null) return;
  useView.getState().openScreen('run');
  if (canStart(kind)) void useJobs.getState().start(specOf(kind, useRunOptions.getState().options, project.path));
}
