import { formatCount, formatDuration } from '../../../src-shared/base/units';
import { t, useLanguage } from '../../i18n';
import { dateFormat } from '../../i18n/date-format';
import { CALIBRATING, useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import styles from './analysis.module.css';
import { Button } from '../../widgets/button';
import { Icon } from '../../widgets/icons';
import { ThreePanes } from '../../widgets/three-panes';
import { EmptyUnlessRunning } from './analysis-start';

const TABS = ['precision', 'sensitivity', 'search'] as const;

/** Tabs for the precision plan, the sensitivity analysis and the plan search, which share one tab of the window. */
export function PrecisionTabs() {
  const screen = useView((state) => state.screen);
  const openScreen = useView((state) => state.openScreen);
  return (
    <>
      {/* A hidden second-level heading, because the sections below use third-level headings. */}
      <h2 className="visually-hidden">{t('analysis.tabs')}</h2>
      <nav className={styles.tabs} aria-label={t('analysis.tabs')}>
        {TABS.map((tab) => (
          <button
            key={tab}
            type="button"
            className={styles.tab}
            aria-current={tab === screen ? 'page' : undefined}
            onClick={() => openScreen(tab)}
          >
            {t(`analysis.tab.${tab}`)}
          </button>
        ))}
      </nav>
    </>
  );
}

/**
 * Shown instead of an analysis if the project is not calibrated: an analysis needs thresholds, which calibration
 * computes.
 */
export function NotCalibrated({ projectPath }: { readonly projectPath: string }) {
  const start = useJobs((state) => state.start);
  const isStale = useSession((state) => state.project?.calibrationIsStale === true);
  return (
    <ThreePanes
      left={
        <div className={styles.panel}>
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

interface ResultFactsProps {
  readonly isCurrent: boolean;
  readonly images: number;
  readonly passes?: number;
  readonly seconds?: number;
  /** The time of the result in ISO 8601 format. */
  readonly createdAt: string;
}

/** The origin of a result, and whether it still matches the current project. */
export function ResultFacts({ isCurrent, images, passes, seconds, createdAt }: ResultFactsProps) {
  const language = useLanguage();
  const made = new Date(createdAt);
  const when = Number.isNaN(made.getTime())
    ? createdAt
    : dateFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(made);
  const cost =
    passes === undefined || seconds === undefined
      ? ''
      : t('analysis.facts.cost', { passes: formatCount(passes), time: formatDuration(seconds) });
  return (
    <div className={styles.facts}>
      <p className="dim">
        {t('analysis.facts', { images, when })}
        {cost}
      </p>
      {isCurrent ? null : (
        <p className={styles.stale} role="status">
          <Icon name="warning" size={14} />
          {t('analysis.stale')}
        </p>
      )}
    </div>
  );
}
