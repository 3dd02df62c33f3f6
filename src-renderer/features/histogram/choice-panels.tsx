import { formatAccuracy, formatDb, formatReal, formatSignificant } from '../../../src-shared/base/units';
import { isFinished } from '../../../src-shared/contract/jobs';
import type { ProjectView, ThresholdRow, ThresholdTable } from '../../../src-shared/contract/views';
import type { AutoResult } from '../../../src-shared/domain/analysis/analysis';
import type { BestView, SingleCost } from '../../../src-shared/domain/analysis/best-method';
import { t, useLanguage } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { AnalysisStart, lastJob, Running } from '../../panels/analysis/analysis-start';
import { MethodBadge, methodColor, Tag } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { choiceReason, isAutoEverywhere, methodWarnings, objectiveRows, errorName } from './method-advice';
import { chooseBestForAll, chooseMethodForAll, decideBest } from './methods';
import styles from './choice-panels.module.css';
import histogramStyles from './histogram.module.css';

/**
 * Errors of every single method and of the choice per tensor, on the images used for choosing and on unseen
 * ones.
 */
export function AutoObjectives({ result }: { readonly result: AutoResult }) {
  const { chosen, confirmed } = result.images;
  return (
    <table className={styles.objectives}>
      <caption>
        {t(result.groups.length === 0 ? 'histogram.auto.objective' : 'histogram.auto.objective.groups', {
          kind: errorName(result),
        })}
      </caption>
      <thead>
        <tr>
          <th scope="col">{t('histogram.costs.method')}</th>
          <th scope="col">{t('histogram.auto.onChosen', { images: chosen })}</th>
          <th scope="col">{t('histogram.auto.onUnseen', { images: confirmed })}</th>
        </tr>
      </thead>
      <tbody>
        {objectiveRows(result).map((row) => (
          <tr key={row.method}>
            <th scope="row">
              <MethodBadge method={row.method} title={t(`histogram.method.${row.method}`)} />{' '}
              {t(row.method === 'auto' ? 'histogram.auto.perTensor' : `histogram.method.${row.method}`)}
              {row.isUsed ? <Tag tone="good">{t('histogram.auto.isUsed')}</Tag> : null}
            </th>
            <Bar share={row.chosenShare} value={row.chosen} color={methodColor(row.method)} />
            <Bar share={row.confirmedShare} value={row.confirmed} color={methodColor(row.method)} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Bar({ share, value, color }: { readonly share: number; readonly value: number; readonly color: string }) {
  return (
    <td title={String(value)}>
      <span className={styles.objective}>
        <span className={styles.objectiveTrack} aria-hidden="true">
          <span style={{ width: `${share * 100}%`, background: color }} />
        </span>
        <span className="number">{formatSignificant(value)}</span>
      </span>
    </td>
  );
}

interface AutoPanelProps {
  readonly row: ThresholdRow;
  /** Opens the list of all choices that auto made. */
  readonly onShowAll: () => void;
}

/** The choice of auto for this tensor with its reason; before auto has run, the cost of running it. */
export function AutoPanel({ row, onShowAll }: AutoPanelProps) {
  const project = useSession((state) => state.project);
  const language = useLanguage();
  const auto = useAnalyses().view?.auto ?? null;
  if (project === null) return null;
  const choice = auto?.result.choices.find(({ tensor }) => tensor === row.name);
  return (
    <section className={styles.auto} aria-label={t('histogram.auto')}>
      <h3 className={styles.autoTitle}>
        <MethodBadge method="auto" title={t('histogram.method.auto')} /> {t('histogram.auto')}
        {auto === null || auto.isCurrent ? null : <Tag tone="warning">{t('histogram.auto.stale')}</Tag>}
      </h3>
      {auto === null ? <p className="dim">{t('histogram.auto.what')}</p> : null}
      {auto === null || choice === undefined ? null : (
        <p>
          <MethodBadge method={choice.method} title={t(`histogram.method.${choice.method}`)} />{' '}
          {formatReal(choice.threshold)}: {choiceReason(choice, auto.result, language)}
        </p>
      )}
      {auto?.isCurrent === true ? null : (
        <AnalysisStart
          spec={{ kind: 'auto', projectPath: project.path }}
          label={t(auto === null ? 'histogram.auto.start' : 'histogram.auto.repeat')}
          isPrimary={false}
        />
      )}
      {auto === null ? null : (
        <div className={histogramStyles.actions}>
          <Button onClick={onShowAll}>{t('histogram.auto.show')}</Button>
          <Button disabled={isAutoEverywhere(project.file)} onClick={() => chooseMethodForAll('auto')}>
            {t('histogram.auto.useAll')}
          </Button>
        </div>
      )}
    </section>
  );
}

/**
 * The error at the model's outputs if one method is used for all tensors, the best method first, and the loss of the
 * current thresholds.
 */
export function BestPanel() {
  const project = useSession((state) => state.project);
  const table = useSession((state) => state.thresholds);
  if (project === null || table === null) return null;
  return (
    <section className={styles.best} aria-label={t('histogram.best')}>
      <h3 className={styles.autoTitle}>
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
    <ul className={styles.bestWarnings}>
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
      <table className={styles.objectives}>
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
                {i === 0 || single.costDb === null || single.agreement !== undefined
                  ? ''
                  : t('histogram.best.loses', { db: formatDb(single.costDb) })}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {problem === undefined ? null : <p className="dim">{t('histogram.best.problem', { problem })}</p>}
    </>
  );
}

function sqnrText({ nmse, sqnrDb, agreement }: SingleCost): string {
  if (agreement !== undefined) return t('histogram.best.agreement', { value: formatAccuracy(agreement) });
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
    <div className={histogramStyles.actions}>
      <Button disabled={isEverywhere} onClick={chooseBestForAll}>
        {t(isEverywhere ? 'histogram.best.usedAll' : 'histogram.best.useAll')}
      </Button>
      <Button data-starts="best" onClick={decideBest}>
        {t(project.best === undefined ? 'histogram.best.decide' : 'histogram.best.repeat')}
      </Button>
    </div>
  );
}
