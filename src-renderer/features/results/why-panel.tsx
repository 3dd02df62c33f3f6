import type { ProjectView } from '../../../src-shared/contract/views';
import type { DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t, useLanguage } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { AnalysisStart } from '../../widgets/analysis/analysis-start';
import { ResultFacts } from '../../widgets/analysis/result-facts';
import { IconButton } from '../../widgets/button';
import { ErrorBox } from '../../widgets/error-box';
import { useResults } from './results-store';
import { useKnownClipping } from './use-known-clipping';
import { storedDiagnosis } from './why';
import { ClippedList, WhyActions } from './why-lists';
import { diagnosisSummary, subjectName } from './why-text';
import './why.css';

interface WhyPanelProps {
  readonly project: ProjectView;
  readonly validation: ValidationRecord;
  readonly variant: string;
  readonly subject: DiagnosisSubject;
}

/** Why some images got worse: what clips them, and which single change wins them back, with the button that makes it. */
export function WhyPanel({ project, validation, variant, subject }: WhyPanelProps) {
  const askWhy = useResults((state) => state.askWhy);
  const language = useLanguage();
  const { view, error } = useAnalyses();
  const { target } = project.file;
  const found = storedDiagnosis(view, { subject, variant, target });
  const name = subjectName(subject, validation);
  const known = useKnownClipping(project, subject);
  return (
    <section className="why" aria-label={t('results.why.title', { name })}>
      <header className="why-head">
        <h2>{t('results.why.title', { name })}</h2>
        <IconButton icon="close" label={t('widgets.close')} onClick={() => askWhy(null)} />
      </header>
      <p className="dim">{t('results.why.variant', { variant })}</p>
      {error === null ? null : <ErrorBox error={error} />}
      {found === null ? (
        <>
          {known === null ? null : (
            <>
              <p className="dim">{t('results.why.known', { name })}</p>
              <ClippedList clipped={known} />
            </>
          )}
          <p>{t(known === null ? 'results.why.what' : 'results.why.further')}</p>
        </>
      ) : (
        <>
          <p className="why-summary">{diagnosisSummary(found.result, name, language)}</p>
          <ResultFacts isCurrent={found.isCurrent} images={found.result.images} createdAt={found.result.createdAt} />
          <ClippedList clipped={found.result.clipped} />
          <WhyActions actions={found.result.actions} file={project.file} />
        </>
      )}
      <AnalysisStart
        key={JSON.stringify([variant, subject])}
        spec={{ kind: 'diagnose', projectPath: project.path, variant, subject, target }}
        label={t(found === null ? 'results.why.start' : 'results.why.repeat')}
        problem={problemOf(project)}
        isPrimary={found === null}
      />
    </section>
  );
}

function problemOf(project: ProjectView): string | null {
  if (!project.calibrated) return t('results.why.notCalibrated');
  return project.file.validationSet === null ? t('results.why.noValidation') : null;
}
