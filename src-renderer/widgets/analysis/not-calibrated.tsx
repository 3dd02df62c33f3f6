import { t } from '../../i18n';
import { CALIBRATING, useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { Button } from '../button';
import { ThreePanes } from '../three-panes';
import { EmptyUnlessRunning } from './empty-unless-running';
import { PrecisionTabs } from './precision-tabs';

/** Instead of an analysis: it needs thresholds, and those need a calibration. */
export function NotCalibrated({ projectPath }: { readonly projectPath: string }) {
  const start = useJobs((state) => state.start);
  const isStale = useSession((state) => state.project?.calibrationIsStale === true);
  return (
    <ThreePanes
      left={
        <div className="analysis-panel">
          <PrecisionTabs />
        </div>
      }
      main={
        <EmptyUnlessRunning
          projectPath={projectPath}
          kinds={CALIBRATING}
          title={t(isStale ? 'analysis.calibrateAgain.title' : 'analysis.calibrate.title')}
          action={
            <Button tone="primary" onClick={() => void start({ kind: 'calibrate', projectPath })}>
              {t('analysis.calibrate')}
            </Button>
          }
        >
          {t(isStale ? 'analysis.calibrateAgain.text' : 'analysis.calibrate.text')}
        </EmptyUnlessRunning>
      }
    />
  );
}
