import { formatDb } from '../../../src-shared/base/units';
import type { ProjectView, ThresholdTable } from '../../../src-shared/contract/views';
import { isFinished } from '../../../src-shared/contract/jobs';
import type { BestView, SingleCost } from '../../../src-shared/domain/analysis/best-method';
import { t } from '../../i18n';
import { lastJob } from '../../widgets/analysis/last-job';
import { Running } from '../../widgets/analysis/analysis-start';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { MethodBadge, Tag } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { methodWarnings } from './best-warnings';
import { chooseBestForAll, decideBest } from './method-actions';

/** What each method for all tensors costs at the model's outputs, the best one first, and what the thresholds in use lose. */
export function BestPanel() {
  const project = useSession((state) => state.project);
  const table = useSession((state) => state.thresholds);
  if (project === null || table === null) return null;
  return (
    <section className="histogram-best" aria-label={t('histogram.best')}>
      <h3 className="histogram-auto-title">
        <MethodBadge method="best" title={t('histogram.method.best')} /> {t('histogram.best')}
        {table.best?.isCurrent === false ? (
          <Tag tone="warning" title={t('histogram.best.stale.hint')}>
            {t('histogram.best.stale')}
          </Tag>
        ) : null}
      </h3>
      <Warnings table={table} />
      {table.best === undefined ? (
        <p className="dim">{t('histogram.best.undecided')}</p>
      ) : (
        <Singles best={table.best} inUse={project.chosenMethod ?? project.file.method} />
      )}
      <Actions project={project} />
    </section>
  );
}

function Warnings({ table }: { readonly table: ThresholdTable }) {
  const model = useSession((state) => state.model);
  const warnings = methodWarnings(table, model);
  if (warnings.length === 0) return null;
  return (
    <ul className="histogram-best-warnings">
      {warnings.map((warning) => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  );
}

function Singles({ best: { decision }, inUse }: { readonly best: BestView; readonly inUse: string }) {
  const { singles, images, wantedImages, groups, target, problem } = decision;
  if (singles.length === 0)
    return (
      <p className="dim">
        {problem === undefined ? t('histogram.best.nothing') : t('histogram.best.problem', { problem })}
      </p>
    );
  return (
    <>
      <table className="histogram-objectives">
        <caption>
          {t(groups.length === 0 ? 'histogram.best.measured' : 'histogram.best.measured.groups', {
            images,
            target: t(`jobs.target.${target}`),
            groups: groups.join(', '),
          })}
          {decision.limitedByTime ? ` ${t('histogram.best.limited', { images: wantedImages })}` : null}
        </caption>
        <tbody>
          {singles.map((single, i) => (
            <tr key={single.method} aria-current={single.method === inUse ? 'true' : undefined}>
              <th scope="row">
                <MethodBadge method={single.method} title={t(`histogram.method.${single.method}`)} />{' '}
                {t(`histogram.method.${single.method}`)}
                {i === 0 ? <Tag tone="good">{t('histogram.best.isBest')}</Tag> : null}
              </th>
              <td className="number" title={whereText(single)}>
                {sqnrText(single)}
              </td>
              <td className="number dim">
                {i === 0 || single.costDb === null ? '' : t('histogram.best.loses', { db: formatDb(single.costDb) })}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {problem === undefined ? null : <p className="dim">{t('histogram.best.problem', { problem })}</p>}
    </>
  );
}

function sqnrText({ nmse, sqnrDb }: SingleCost): string {
  if (nmse === null) return t('histogram.best.notFinite');
  return sqnrDb === null ? t('histogram.best.exact') : formatDb(sqnrDb);
}

function whereText({ worstOutput, worstGroup }: SingleCost): string {
  return [
    worstOutput === null ? '' : t('histogram.best.output', { output: worstOutput }),
    worstGroup === null ? '' : t('histogram.best.group', { group: worstGroup }),
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function Actions({ project }: { readonly project: ProjectView }) {
  const job = useJobs((state) => lastJob(state.jobs, { kind: 'best', projectPath: project.path }));
  const isEverywhere = project.file.method === 'best' && Object.keys(project.file.tensorMethods).length === 0;
  if (job !== null && !isFinished(job)) return <Running job={job} />;
  return (
    <div className="histogram-actions">
      <Button disabled={isEverywhere} onClick={chooseBestForAll}>
        {t(isEverywhere ? 'histogram.best.usedAll' : 'histogram.best.useAll')}
      </Button>
      <Button onClick={decideBest}>
        {t(project.best === undefined ? 'histogram.best.decide' : 'histogram.best.repeat')}
      </Button>
    </div>
  );
}
