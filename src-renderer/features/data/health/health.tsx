import { useEffect, useState } from 'react';
import { fromWireError } from '../../../../src-shared/contract/errors';
import type { HealthSpec } from '../../../../src-shared/contract/job-specs';
import { isFinished } from '../../../../src-shared/contract/jobs';
import type { Dated, ProjectView } from '../../../../src-shared/contract/views';
import type { HealthResult } from '../../../../src-shared/domain/health/health';
import { t } from '../../../i18n';
import { useFieldImages, useFiles } from '../../../state/files';
import { useJobs } from '../../../state/jobs';
import { reportError } from '../../../state/notices';
import { useSession } from '../../../state/session';
import { EmptyUnlessRunning, lastJob, Running } from '../../../panels/analysis/analysis-start';
import { ResultFacts } from '../../../panels/analysis/screen-parts';
import { Button, IconButton } from '../../../widgets/button';
import { ErrorBox } from '../../../widgets/states';
import { PathField } from '../../../widgets/fields';
import { ThreePanes } from '../../../widgets/three-panes';
import { DataTabs } from '../set-panel';
import { FieldSection } from './field-section';
import { FindingList } from './finding-list';
import { SetSide } from './set-side';
import dataStyles from '../data.module.css';
import analysisStyles from '../../../panels/analysis/analysis.module.css';
import styles from './health.module.css';

/** Shows the problems of the calibration set. */
export function Health({ project }: { readonly project: ProjectView }) {
  const health = useHealth(project);
  const result = health === undefined || health === null || health instanceof Error ? null : health;
  return (
    <ThreePanes
      left={<HealthStart project={project} hasResult={result !== null} />}
      main={
        health instanceof Error ? (
          <div className={dataStyles.failed}>
            <ErrorBox error={health} title={t('health.failed')} />
          </div>
        ) : health === null ? (
          <EmptyUnlessRunning projectPath={project.path} kinds={['health']} title={t('health.none')}>
            {t('health.noneText')}
          </EmptyUnlessRunning>
        ) : result === null ? (
          <div className={styles.main} aria-busy="true" />
        ) : (
          <Findings key={result.result.createdAt} health={result} />
        )
      }
      right={result === null ? null : <SetSide result={result.result} />}
    />
  );
}

function Findings({ health: { isCurrent, result } }: { readonly health: Dated<HealthResult> }) {
  const [group, setGroup] = useState<string | null>(null);
  return (
    <div className={styles.main}>
      <ResultFacts isCurrent={isCurrent} images={result.images} createdAt={result.createdAt} />
      <FindingList findings={result.findings} />
      {result.against === null ? null : (
        <FieldSection against={result.against} limits={result.limits} group={group} onGroup={setGroup} />
      )}
    </div>
  );
}

/** The list column of the health view: the images to compare with, the start button and the progress. */
function HealthStart({ project, hasResult }: { readonly project: ProjectView; readonly hasResult: boolean }) {
  const { path, setPath } = useFieldImages();
  const start = useJobs((state) => state.start);
  const job = useJobs((state) => lastJob(state.jobs, { kind: 'health', projectPath: project.path }));
  const againstPath = path.trim();
  const spec: HealthSpec = {
    kind: 'health',
    projectPath: project.path,
    ...(againstPath === '' ? {} : { againstPath }),
  };
  const isOpen = job !== null && !isFinished(job);
  return (
    <div className={dataStyles.set}>
      <DataTabs />
      <p className="dim">{t('health.about')}</p>
      <FieldPath path={path} onChange={setPath} />
      {isOpen ? (
        <div className={analysisStyles.start}>
          <Running job={job} />
        </div>
      ) : (
        <Button tone="primary" icon="play" data-starts={spec.kind} onClick={() => void start(spec)}>
          {t(hasResult ? 'health.again' : 'health.start')}
        </Button>
      )}
      {job?.state === 'failed' && job.error !== null ? (
        <ErrorBox error={fromWireError(job.error)} title={t('health.jobFailed')} />
      ) : null}
      {job?.state === 'cancelled' ? <p className="dim">{t('health.cancelled')}</p> : null}
    </div>
  );
}

/** The path of a folder or list of unlabelled images: chosen in a dialog, dropped on the window, or typed. */
function FieldPath({ path, onChange }: { readonly path: string; readonly onChange: (path: string) => void }) {
  const choose = useFiles((state) => state.files.choose);
  const onChoose = (): void => {
    if (choose === null) return;
    choose('folder').then((chosen) => {
      if (chosen !== null) onChange(chosen);
    }, reportError);
  };
  return (
    <PathField
      label={t('health.field')}
      hint={t('health.fieldHint')}
      value={path}
      title={path}
      placeholder={t('data.pathHint')}
      onChange={(event) => onChange(event.target.value)}
      after={choose === null ? null : <IconButton icon="folder" label={t('data.choose')} onClick={onChoose} />}
    />
  );
}

/** The last check of the project's calibration set: undefined while it is loading, null if no check was made. */
function useHealth(project: ProjectView): Dated<HealthResult> | null | undefined | Error {
  const api = useSession((state) => state.api);
  const finished = useJobs((state) => state.jobs.filter((job) => job.kind === 'health' && job.state === 'done').length);
  const [health, setHealth] = useState<Dated<HealthResult> | null | undefined | Error>(undefined);
  // `project` is a new object after every edit, and an edit may make the stored check out of date.
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
