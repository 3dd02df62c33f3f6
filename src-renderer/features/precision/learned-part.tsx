import { formatDb, formatSignificant } from '../../../src-shared/base/units';
import { isFinished } from '../../../src-shared/contract/jobs';
import type { LearnSpec } from '../../../src-shared/contract/job-specs';
import { choiceError, worstNmse, type TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import type { LearnResult } from '../../../src-shared/domain/analysis/repair';
import { t } from '../../i18n';
import { lastJob, Running } from '../../panels/analysis/analysis-start';
import { useAnalyses } from '../../state/analyses';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { Button } from '../../widgets/button';
import { Checkbox } from '../../widgets/fields';
import precisionStyles from './precision.module.css';
import { switchLearned } from './use-precision-plan';

/** The switch for the method learned, and the learning, without which it cannot be switched on. */
export function LearnedPart() {
  const project = useSession((state) => state.project);
  const stored = useAnalyses().view?.learned;
  const start = useJobs((state) => state.start);
  const spec: LearnSpec = { kind: 'learn', projectPath: project?.path ?? '' };
  const job = useJobs((state) => lastJob(state.jobs, spec));
  if (project === null) return null;
  const isOn = project.file.method === 'learned';
  const isUsable = stored?.isCurrent === true && stored.result.isKept;
  return (
    <div>
      <Checkbox
        label={t('precision.repair.learned')}
        checked={isOn}
        disabled={!isOn && !isUsable}
        onChange={switchLearned}
      />
      <p className={precisionStyles.note}>{t('precision.repair.learned.note')}</p>
      {stored === undefined ? null : (
        <p className={precisionStyles.note}>
          {stored.isCurrent ? learnedText(stored.result) : t('precision.repair.learned.stale')}
        </p>
      )}
      {job !== null && !isFinished(job) ? (
        <Running job={job} />
      ) : (
        <Button icon="play" data-starts={spec.kind} disabled={isOn} onClick={() => void start(spec)}>
          {t(stored === undefined ? 'precision.repair.learn' : 'precision.repair.learnAgain')}
        </Button>
      )}
    </div>
  );
}

function learnedText({ isKept, before, after, images, thresholds, biases }: LearnResult): string {
  const others = images.confirmed;
  if (after.candidateNmse !== undefined) {
    const errors = { before: errorOf(before), after: errorOf(after), images: others };
    return isKept
      ? t('precision.repair.learned.foundCandidates', { ...errors, thresholds, biases })
      : t('precision.repair.learned.noGainCandidates', errors);
  }
  const values = { before: dbOf(before), after: dbOf(after), images: others };
  return isKept
    ? t('precision.repair.learned.found', { ...values, thresholds, biases })
    : t('precision.repair.learned.noGain', values);
}

/** What decides about a detector. */
function errorOf(quality: TrialQuality): string {
  return formatSignificant(choiceError(quality));
}

/** SQNR of the worst group. */
function dbOf(quality: TrialQuality): string {
  const error = worstNmse(quality);
  return error > 0 ? formatDb(-10 * Math.log10(error)) : '∞';
}
