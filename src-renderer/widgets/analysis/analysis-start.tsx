import { useState } from 'react';
import type { JobId } from '../../../src-shared/base/brand';
import { ownValue } from '../../../src-shared/base/records';
import { fromWireError } from '../../../src-shared/contract/errors';
import type { AnalysisSpec } from '../../../src-shared/contract/job-specs';
import { isFinished, type JobSnapshot } from '../../../src-shared/contract/jobs';
import { t } from '../../i18n';
import { useAnalysisCost } from '../../state/analysis-cost';
import { jobText } from '../../state/job-text';
import { useJobs } from '../../state/jobs';
import { Button } from '../button';
import { ErrorBox } from '../error-box';
import { Meter } from '../meter';
import './analysis.css';
import { CostLine } from './cost-line';
import { lastJob } from './last-job';

interface AnalysisStartProps {
  readonly spec: AnalysisSpec;
  /** Name of the button before there is a result, and after. */
  readonly label: string;
  /** Why it cannot be started, as a sentence; null when it can. */
  readonly problem?: string | null;
  /** The one next step of the screen. */
  readonly isPrimary?: boolean;
}

/** What an analysis will cost, its start, and while it runs how it goes. The place stays as high as it is. */
export function AnalysisStart({ spec, label, problem = null, isPrimary = true }: AnalysisStartProps) {
  const cost = useAnalysisCost(problem === null ? spec : null);
  const start = useJobs((state) => state.start);
  const job = useJobs((state) => lastJob(state.jobs, spec));
  const isOpen = job !== null && !isFinished(job);
  // Jobs of one kind may be about different things: how one ended is told where it was started.
  const [startedId, setStartedId] = useState<JobId | null>(null);
  const ended = job !== null && job.id === startedId ? job : null;
  return (
    <section className="analysis-start" aria-label={label}>
      {problem === null ? <CostLine cost={cost} /> : <p className="analysis-problem">{problem}</p>}
      {isOpen ? (
        <Running job={job} />
      ) : (
        <Button
          tone={isPrimary ? 'primary' : 'normal'}
          icon="play"
          disabled={problem !== null || cost instanceof Error}
          onClick={() => void start(spec).then(setStartedId)}
        >
          {label}
        </Button>
      )}
      {ended?.state === 'failed' && ended.error !== null ? (
        <ErrorBox error={fromWireError(ended.error)} title={t('analysis.failed')} />
      ) : null}
      {ended?.state === 'cancelled' ? <p className="dim">{t('analysis.cancelled')}</p> : null}
    </section>
  );
}

export function Running({ job }: { readonly job: JobSnapshot }) {
  const rate = useJobs((state) => ownValue(state.rates, job.id));
  const cancel = useJobs((state) => state.cancel);
  const text = jobText(job, rate);
  return (
    <div className="analysis-running">
      <div className="analysis-line">
        <span className="ellipsis">{text.phase}</span>
        <Button tone="quiet" icon="stop" onClick={() => void cancel(job.id)}>
          {t('jobs.cancel')}
        </Button>
      </div>
      <Meter label={`${text.kind}: ${text.phase}`} value={job.done} total={job.total} text={text.count} />
      <p className="analysis-line dim">
        <span>{text.count}</span>
        <span>{text.eta}</span>
      </p>
    </div>
  );
}
