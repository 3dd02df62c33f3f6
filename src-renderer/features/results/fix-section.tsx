import { useEffect, useMemo, useRef } from 'react';
import type { Dated, ProjectView } from '../../../src-shared/contract/views';
import { adoptionOf } from '../../../src-shared/contract/fix-edits';
import type { FixSpec } from '../../../src-shared/contract/job-specs';
import { isFinished } from '../../../src-shared/contract/jobs';
import type { FixPlan, FixResult, FixStageRow } from '../../../src-shared/domain/analysis/fix';
import { formatDuration, formatFixed, formatMs } from '../../../src-shared/base/units';
import { formatMeasure, worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import { t } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';
import { lastJob, Running } from '../../panels/analysis/analysis-start';
import { ResultFacts } from '../../panels/analysis/screen-parts';
import { useAnalyses } from '../../state/analyses';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Plot } from '../../widgets/plot/plot';
import { useElementSize } from '../../widgets/plot/use-element-size';
import { costKind, fixFigure } from './fix-figure';
import { noteText, verdictText } from './fix-verdict';
import resultStyles from './results.module.css';
import styles from './fix-section.module.css';
import { Verdict } from './verdict';

/** The button "Make it pass", its progress with the stages as they end, and its answer with the plan to adopt. */
export function FixSection({ project }: { readonly project: ProjectView }) {
  const { view, load } = useAnalyses();
  const spec: FixSpec = useMemo(() => ({ kind: 'fix', projectPath: project.path }), [project.path]);
  const start = useJobs((state) => state.start);
  const job = useJobs((state) => lastJob(state.jobs, spec));
  const isRunning = job !== null && !isFinished(job);
  // The stages that have ended are stored; they are read again when the next one begins.
  const stage = isRunning ? (job.phase.split(':', 1)[0] ?? '') : '';
  useEffect(() => {
    if (stage !== '') void load();
  }, [stage, load]);
  const stored = view?.fix;
  return (
    <section className={resultStyles.section} aria-label={t('fix.title')} data-testid="fix-section">
      <div className={resultStyles.sectionHead}>
        <h2>{t('fix.title')}</h2>
        {isRunning ? null : (
          <Button
            icon="play"
            data-starts={spec.kind}
            tone={stored === undefined ? 'primary' : 'normal'}
            title={t('fix.start.hint')}
            onClick={() => void start(spec)}
          >
            {t(startLabel(stored?.result))}
          </Button>
        )}
      </div>
      {isRunning ? <Running job={job} /> : null}
      {stored === undefined ? <p className="dim">{t('fix.text')}</p> : <Answer stored={stored} isRunning={isRunning} />}
    </section>
  );
}

function startLabel(result: FixResult | undefined): 'fix.start' | 'fix.again' | 'fix.continue' {
  if (result === undefined) return 'fix.start';
  return result.isFinished ? 'fix.again' : 'fix.continue';
}

function Answer({
  stored: { result, isCurrent },
  isRunning,
}: {
  readonly stored: Dated<FixResult>;
  readonly isRunning: boolean;
}) {
  const chosen = result.chosen === null ? undefined : result.plans[result.chosen];
  return (
    <>
      <Verdict tone={chosen === undefined ? (isRunning ? undefined : 'bad') : 'good'} testId="fix-verdict">
        <p>{verdictText(result)}</p>
        {chosen === undefined || !result.isFinished ? null : <Adopt plan={chosen} />}
      </Verdict>
      {chosen === undefined || chosen.fp16Layers.length === 0 ? null : (
        <p>{t('fix.released', { layers: chosen.fp16Layers.join(', ') })}</p>
      )}
      {result.notes.map((note) => (
        <p key={note} className="dim">
          {recordSentence(note)}
        </p>
      ))}
      {result.advice.length === 0 ? null : (
        <ul className={styles.advice} aria-label={t('fix.advice')}>
          {result.advice.map(({ sentence }) => (
            <li key={sentence}>{recordSentence(sentence)}</li>
          ))}
        </ul>
      )}
      <div className={styles.columns}>
        <StageTable result={result} />
        <Pareto result={result} />
      </div>
      <ResultFacts isCurrent={isCurrent} images={result.images} createdAt={result.createdAt} />
    </>
  );
}

/** Takes the plan over; disabled while it is the project's plan already. */
function Adopt({ plan }: { readonly plan: FixPlan }) {
  const edit = useSession((state) => state.edit);
  const isUsed = useSession((state) => state.project !== null && isInUse(state.project, plan));
  return (
    <Button
      tone="primary"
      disabled={isUsed}
      title={t('fix.adopt.hint')}
      onClick={() => void edit(t('fix.adopt.edit'), adoptionOf(plan))}
    >
      {t(isUsed ? 'fix.adopted' : 'fix.adopt')}
    </Button>
  );
}

function isInUse({ file }: ProjectView, { decisions }: FixPlan): boolean {
  const { method, tensorMethods, plan } = file;
  return canonical({ method, tensorMethods, plan }) === canonical(decisions);
}

/** Equal for equal data, in whatever order it was written. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  return `{${Object.entries(value)
    .map(([key, own]) => `${JSON.stringify(key)}:${canonical(own)}`)
    .sort()
    .join(',')}}`;
}

const OUTCOME_STYLES: Readonly<Record<FixStageRow['outcome'], string | undefined>> = {
  met: resultStyles.betterText,
  better: undefined,
  'no-gain': 'dim',
  skipped: 'dim',
};

function StageTable({ result }: { readonly result: FixResult }) {
  const name = result.fp32.measure?.name ?? t('results.column.sqnr');
  const hasGroups = result.plans.some(({ worstGroup }) => worstGroup !== undefined);
  return (
    <div
      className={classNames(resultStyles.scroll, styles.stages)}
      tabIndex={0}
      role="group"
      aria-label={t('fix.stages')}
    >
      <table className={resultStyles.table}>
        <caption className="visually-hidden">{t('fix.stages')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('fix.stage')}</th>
            <th scope="col">{t('fix.outcome')}</th>
            <th scope="col" className="number">
              {name}
            </th>
            {hasGroups ? (
              <th scope="col" className="number">
                {t('results.column.worstGroup')}
              </th>
            ) : null}
            <th scope="col" className="number" title={t('fix.drop.hint')}>
              {t('fix.drop')}
            </th>
            <th scope="col" className="number">
              {t('fix.layers')}
            </th>
            <th scope="col" className="number">
              {t('fix.latency')}
            </th>
            <th scope="col" className="number">
              {t('fix.time')}
            </th>
          </tr>
        </thead>
        <tbody>
          {result.stages.map((row) => (
            <StageLine
              key={row.stage}
              row={row}
              plan={row.plan === null ? undefined : result.plans[row.plan]}
              hasGroups={hasGroups}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function StageLine({
  row,
  plan,
  hasGroups,
}: {
  readonly row: FixStageRow;
  readonly plan: FixPlan | undefined;
  readonly hasGroups: boolean;
}) {
  const latency = plan?.latencyMs;
  const isModelled = plan?.latencyKind === 'modelled';
  return (
    <tr title={noteText(row, plan)} data-testid="fix-stage">
      <th scope="row">{t(`jobs.phase.${row.stage}`)}</th>
      <td className={OUTCOME_STYLES[row.outcome]}>
        {t(row.stage === 'present' && row.outcome === 'no-gain' ? 'fix.outcome.missed' : `fix.outcome.${row.outcome}`)}
      </td>
      <td className="number">{plan === undefined ? '' : valueText(plan)}</td>
      {hasGroups ? (
        <td className="number">{plan?.worstGroup === undefined ? '' : worstGroupText(plan.worstGroup)}</td>
      ) : null}
      <td className="number">{plan?.drop === undefined ? '' : formatFixed(plan.drop, 2)}</td>
      <td className="number" title={plan?.fp16Layers.join('\n')}>
        {plan === undefined ? '' : plan.fp16Layers.length}
      </td>
      <td className={classNames('number', isModelled && 'modelled')}>
        {latency === undefined ? '' : `${isModelled ? '~' : ''}${formatMs(latency)}`}
      </td>
      <td className="number">{formatDuration(row.seconds)}</td>
    </tr>
  );
}

function valueText({ measure, outputSqnrDb }: FixPlan): string {
  if (measure !== undefined) return formatMeasure(measure.name, measure.value);
  return outputSqnrDb === undefined ? '' : `${formatFixed(outputSqnrDb, 1)} dB`;
}

/** Accuracy against cost of every judged plan; hidden while there is only one. */
function Pareto({ result }: { readonly result: FixResult }) {
  const box = useRef<HTMLDivElement>(null);
  const size = useElementSize(box);
  const figure = useMemo(
    () =>
      fixFigure(result, {
        cost: t(`fix.cost.${costKind(result)}`),
        value: result.fp32.measure?.name ?? t('results.column.sqnr'),
      }),
    [result],
  );
  if (figure === null) return null;
  return (
    <figure className={styles.figure}>
      <div ref={box} className={styles.plot}>
        <Plot
          figure={figure}
          widthPx={size.widthPx}
          heightPx={size.heightPx}
          label={t('fix.plot', { count: result.plans.length })}
        />
      </div>
      <figcaption className="dim">{t(`fix.legend.${costKind(result)}`)}</figcaption>
    </figure>
  );
}
