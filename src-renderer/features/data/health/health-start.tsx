import type { ProjectView } from '../../../../src-shared/contract/views';
import { fromWireError } from '../../../../src-shared/contract/errors';
import type { HealthSpec } from '../../../../src-shared/contract/job-specs';
import { isFinished } from '../../../../src-shared/contract/jobs';
import { t } from '../../../i18n';
import { useFieldImages } from '../../../state/field-images';
import { useFiles } from '../../../state/files';
import { useJobs } from '../../../state/jobs';
import { reportError } from '../../../state/notices';
import { Running } from '../../../widgets/analysis/analysis-start';
import { lastJob } from '../../../widgets/analysis/last-job';
import { Button, IconButton } from '../../../widgets/button';
import { ErrorBox } from '../../../widgets/error-box';
import { PathField } from '../../../widgets/fields';
import { DataTabs } from '../data-tabs';

/** The list column of the health view: what to compare with, the start, and how it goes. */
export function HealthStart({ project, hasResult }: { readonly project: ProjectView; readonly hasResult: boolean }) {
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
    <div className="data-set">
      <DataTabs />
      <p className="dim">{t('health.about')}</p>
      <FieldPath path={path} onChange={setPath} />
      {isOpen ? (
        <div className="analysis-start">
          <Running job={job} />
        </div>
      ) : (
        <Button tone="primary" icon="play" onClick={() => void start(spec)}>
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

/** A folder or list of unlabelled images: chosen, dropped on the window, or typed. */
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
