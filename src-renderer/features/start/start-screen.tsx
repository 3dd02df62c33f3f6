import { useEffect, useState } from 'react';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import type { LastRun, RecentProject } from '../../../src-shared/contract/views';
import { currentLanguage, t } from '../../i18n';
import { useFiles } from '../../state/files';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { Tag } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { TextField } from '../../widgets/fields';
import { Icon } from '../../widgets/icons';
import { DropWords } from './drop-layer';
import { showLanding, useDrop } from './drop-store';
import { classNames } from '../../widgets/class-names';
import styles from './start-screen.module.css';

/** The start screen: drop files, open the sample, or open a recent project. */
export function StartScreen() {
  return (
    <div className={styles.root}>
      <div className={styles.column}>
        <h1>{t('start.heading')}</h1>
        <p className={classNames(styles.lead, 'dim')}>{t('start.lead')}</p>
        <div className={styles.grid}>
          <DropCard />
          <SampleCard />
        </div>
        <RecentProjects />
        <OpenByPath />
      </div>
    </div>
  );
}

function DropCard() {
  const startProject = useDrop((state) => state.startProject);
  return (
    <section className={classNames(styles.card, styles.cardDrop)} aria-label={t('start.dropTitle')}>
      <h2>{t('start.dropTitle')}</h2>
      <DropWords />
      <div>
        <Button icon="plus" onClick={() => startProject()}>
          {t('start.newProject')}
        </Button>
      </div>
    </section>
  );
}

function SampleCard() {
  const openSample = useSession((state) => state.openSample);
  const opening = useSession((state) => state.opening);
  const open = async (): Promise<void> => {
    if (await openSample()) showLanding();
  };
  return (
    <section className={styles.card} aria-label={t('start.sampleTitle')}>
      <h2>{t('start.sampleTitle')}</h2>
      <p>{t('start.sampleText')}</p>
      <div>
        <Button tone="primary" icon="play" disabled={opening !== null} onClick={() => void open()}>
          {opening === 'sample' ? t('start.openingSample') : t('start.openSample')}
        </Button>
      </div>
    </section>
  );
}

/**
 * The recent projects; undefined while they are loading. The space stays empty then, so that the layout does not jump.
 */
function useRecent(): readonly RecentProject[] | undefined {
  const api = useSession((state) => state.api);
  const [recent, setRecent] = useState<readonly RecentProject[]>();
  useEffect(() => {
    let isCurrent = true;
    api.listRecentProjects().then((found) => {
      if (isCurrent) setRecent(found);
    }, reportError);
    return () => {
      isCurrent = false;
    };
  }, [api]);
  return recent;
}

function RecentProjects() {
  const recent = useRecent();
  const openPath = useOpenPath();
  const openPathNow = useSession((state) => state.project?.path);
  const [nowMs] = useState(Date.now);
  return (
    <section className={styles.recent} aria-label={t('start.recent')}>
      <h3>{t('start.recent')}</h3>
      {recent?.length === 0 ? <p className="dim">{t('start.noRecent')}</p> : null}
      <ul>
        {recent?.map((entry) => (
          <li key={entry.path}>
            <button
              type="button"
              className={styles.recentRow}
              disabled={!entry.exists}
              onClick={() => openPath(entry.path)}
            >
              <Icon name="folder" />
              <strong className="ellipsis">{entry.name}</strong>
              <span className="dim ellipsis-start" title={entry.path}>
                <bdi>{entry.path}</bdi>
              </span>
              <LastRunText lastRun={entry.lastRun} nowMs={nowMs} />
              <span className="dim number">{recentState(entry, openPathNow, nowMs)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The results of the last run: gates, the accuracy of the shipped variant, and the time. */
function LastRunText({ lastRun, nowMs }: { readonly lastRun: LastRun | undefined; readonly nowMs: number }) {
  if (lastRun === undefined) return <span className={classNames(styles.recentRun, 'dim')}>{t('start.neverRun')}</span>;
  const { gates, measure, variant, createdAt } = lastRun;
  const when = whenText(createdAt, nowMs, currentLanguage());
  return (
    <span className={styles.recentRun}>
      {gates.all === 0 ? null : (
        <Tag tone={gates.missed === 0 ? 'good' : 'danger'}>
          {gates.missed === 0
            ? t('run.gates.met', { n: gates.all })
            : t('run.gates.missed', { n: gates.all, missed: gates.missed })}
        </Tag>
      )}
      {measure === undefined || variant === undefined ? null : (
        <span className="number">
          {measure.name === 'top-1'
            ? t('start.lastAccuracy', { variant, accuracy: formatMeasure(measure.name, measure.value) })
            : `${variant} ${measure.name} ${formatMeasure(measure.name, measure.value)}`}
        </span>
      )}
      <span className="dim">{t('start.lastRun', { when })}</span>
    </span>
  );
}

function recentState(entry: RecentProject, openPath: string | undefined, nowMs: number): string {
  if (!entry.exists) return t('start.gone');
  return entry.path === openPath ? t('start.isOpen') : whenText(entry.openedAt, nowMs, currentLanguage());
}

function OpenByPath() {
  const [path, setPath] = useState('');
  const choose = useFiles((state) => state.files.choose);
  const openPath = useOpenPath();
  const browse = (): void => {
    choose?.('project').then((chosen) => {
      if (chosen !== null) openPath(chosen);
    }, reportError);
  };
  return (
    <form
      className={styles.open}
      onSubmit={(event) => {
        event.preventDefault();
        if (path.trim() !== '') openPath(path.trim());
      }}
    >
      <TextField
        label={t('start.openPath')}
        placeholder={t('start.openPathExample')}
        value={path}
        onChange={(event) => setPath(event.target.value)}
      />
      <Button type="submit" disabled={path.trim() === ''}>
        {t('start.open')}
      </Button>
      {choose === null ? null : (
        <Button icon="folder" onClick={browse}>
          {t('start.choose')}
        </Button>
      )}
    </form>
  );
}

/** Opens a project and shows it; the path of a model starts a new project. */
function useOpenPath(): (path: string) => void {
  const openProject = useSession((state) => state.openProject);
  const startProject = useDrop((state) => state.startProject);
  return (path) => {
    if (/\.onnx$/i.test(path)) startProject({ modelPath: path });
    else if (path === useSession.getState().project?.path) showLanding();
    else
      void openProject(path).then((isOpen) => {
        if (isOpen) showLanding();
      });
  };
}

const STEPS = [
  { unit: 'minute', seconds: 60 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'day', seconds: 86_400 },
] as const;

/** The time as text, such as `5 minutes ago` or `yesterday`; the date if it was a week ago or earlier. */
export function whenText(iso: string, nowMs: number, language: 'en' | 'zh'): string {
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return '';
  const seconds = Math.max(0, (nowMs - time) / 1000);
  if (seconds >= 7 * 86_400)
    return new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', day: 'numeric' }).format(time);
  const step = STEPS.findLast((candidate) => seconds >= candidate.seconds) ?? STEPS[0];
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(
    -Math.floor(seconds / step.seconds),
    step.unit,
  );
}
