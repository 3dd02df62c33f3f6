import type { SearchPlan } from '../../../src-shared/domain/analysis/analysis';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { adoption, type TriedPlan } from './plan-facts';

/**
 * Makes a plan of the search the project's, with the thresholds it was tried with, as one step that undo names. A plan that another
 * one, or FP32, dominates is not adopted.
 */
export function adoptPlan(tried: TriedPlan & Pick<SearchPlan, 'dominatedBy'>): void {
  if (tried.dominatedBy !== undefined) return;
  const { project, edit } = useSession.getState();
  if (project === null) return;
  const count = tried.fp16Layers.length;
  const name = count === 0 ? t('search.edit.none') : t('search.edit', { count });
  const thresholds =
    tried.method === null ? '' : t('search.edit.thresholds', { method: t(`jobs.method.${tried.method}`) });
  void edit(`${name}${thresholds}`, adoption(project.file.plan, tried));
}
