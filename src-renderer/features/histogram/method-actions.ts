import type { Method } from '../../../src-shared/domain/project/methods';
import { t } from '../../i18n';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';

/** Edits of thresholds that are one click; each is one undoable step under its own name. */

export function chooseMethod(tensor: string, method: Method): void {
  const name = t('histogram.edit.method', { tensor, method: t(`histogram.method.${method}`) });
  void useSession.getState().edit(name, [{ kind: 'tensor-method', tensor, method }]);
}

/** The project's method again. */
export function followProject(tensor: string): void {
  void useSession.getState().edit(t('histogram.edit.clear', { tensor }), [{ kind: 'clear-tensor', tensor }]);
}

/** The method of the project and of every tensor: choices of single tensors are taken back. */
export function chooseMethodForAll(method: Method): void {
  const name = t('histogram.edit.all', { method: t(`histogram.method.${method}`) });
  void useSession.getState().edit(name, [
    { kind: 'method', method },
    { kind: 'clear-tensor', tensor: '*' },
  ]);
}

/** Measures the single methods again, on the project as it is. */
export function decideBest(): void {
  const project = useSession.getState().project;
  if (project !== null) void useJobs.getState().start({ kind: 'best', projectPath: project.path });
}

/** The best single method for all tensors, measured first unless that was done for the project as it is. */
export function chooseBestForAll(): void {
  chooseMethodForAll('best');
  if (useSession.getState().project?.best?.isCurrent !== true) decideBest();
}

export function setThreshold(tensor: string, thresholdReal: number): void {
  void useSession
    .getState()
    .edit(t('histogram.edit.threshold', { tensor }), [{ kind: 'threshold', tensor, thresholdReal }]);
}
