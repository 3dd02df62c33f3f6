import { t } from '../../i18n';
import { useJobs } from '../../state/jobs';
import { Button } from '../button';
import { EmptyState } from '../empty-state';
import { ThreePanes } from '../three-panes';
import { PrecisionTabs } from './precision-tabs';

/** Instead of an analysis: it needs thresholds, and those need a calibration. */
export function NotCalibrated({ projectPath }: { readonly projectPath: string }) {
  const start = useJobs((state) => state.start);
  return (
    <ThreePanes
      left={
        <div className="analysis-panel">
          <PrecisionTabs />
        </div>
      }
      main={
        <EmptyState
          title={t('analysis.calibrate.title')}
          action={
            <Button tone="primary" onClick={() => void start({ kind: 'calibrate', projectPath })}>
              {t('analysis.calibrate')}
            </Button>
          }
        >
          {t('analysis.calibrate.text')}
        </EmptyState>
      }
    />
  );
}
