import { formatDb, formatSignificant } from '../../../src-shared/base/units';
import { isFinished } from '../../../src-shared/contract/jobs';
import type { SmoothSpec } from '../../../src-shared/contract/job-specs';
import type { SmoothingResult } from '../../../src-shared/domain/analysis/smoothing';
import { hasRepair } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { lastJob, Running } from '../../panels/analysis/analysis-start';
import { Button } from '../../widgets/button';
import { Checkbox } from '../../widgets/fields';
import precisionStyles from './precision.module.css';
import { switchSmoothing } from './use-precision-plan';

/** The switch for smoothing, and the search for its factors, without which it cannot be switched on. */
export function SmoothingPart() {
  const project = useSession((state) => state.project);
  const stored = useAnalyses().view?.smoothing;
  const start = useJobs((state) => state.start);
  const spec: SmoothSpec = { kind: 'smooth', projectPath: project?.path ?? '' };
  const job = useJobs((state) => lastJob(state.jobs, spec));
  if (project === null) return null;
  const isOn = hasRepair(project.file.plan, 'smoothing');
  const choice = stored?.isCurrent === true ? stored.result.choice : undefined;
  return (
    <div>
      <Checkbox
        label={t('precision.repair.smoothing')}
        checked={isOn}
        disabled={!isOn && choice === undefined}
        onChange={(next) => switchSmoothing(next ? (choice?.key ?? null) : null)}
      />
      <p className={precisionStyles.note}>{t('precision.repair.smoothing.note')}</p>
      {stored === undefined ? null : (
        <p className={precisionStyles.note}>
          {stored.isCurrent ? smoothingText(stored.result) : t('precision.repair.smoothing.stale')}
        </p>
      )}
      {job !== null && !isFinished(job) ? (
        <Running job={job} />
      ) : stored?.isCurrent === true ? null : (
        <Button icon="play" data-starts={spec.kind} onClick={() => void start(spec)}>
          {t('precision.repair.smoothing.find')}
        </Button>
      )}
    </div>
  );
}

function smoothingText(result: SmoothingResult): string {
  const { choice, candidates, without, groups, images, notSmoothed } = result;
  if (groups === 0) return t('precision.repair.smoothing.nothing', { cause: notSmoothed[0]?.reason ?? '' });
  const best = candidates.find(({ alpha }) => alpha === choice?.alpha);
  if (best?.confirmed === undefined || without.confirmed === undefined)
    return t('precision.repair.smoothing.noGain', { images: images.confirmed });
  const isSqnr = result.comparesAnswers !== true && result.comparesCandidates !== true;
  const format = isSqnr ? dbOf : formatSignificant;
  const values = {
    groups,
    before: format(without.confirmed),
    after: format(best.confirmed),
    images: images.confirmed,
  };
  if (isSqnr) return t('precision.repair.smoothing.found', values);
  return result.comparesCandidates === true
    ? t('precision.repair.smoothing.foundCandidates', values)
    : t('precision.repair.smoothing.foundAnswers', values);
}

function dbOf(error: number): string {
  return error > 0 ? formatDb(-10 * Math.log10(error)) : '∞';
}
