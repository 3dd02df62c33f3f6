import { t } from '../i18n';
import { openJobs, useJobs } from '../state/jobs';
import { useSession } from '../state/session';
import { useView } from '../state/view';
import { Button, IconButton } from '../widgets/button';
import { chordText, IS_MAC } from './chords';
import { useOverlays } from './overlays';
import { SCREEN_TABLE } from './screens';
import { startJob } from './start-job';
import { classNames } from '../widgets/class-names';
import styles from './top-bar.module.css';

/** Shows the project, the screens, the button that runs the whole job, undo and redo, look and help. */
export function TopBar() {
  return (
    <header className={styles.root}>
      <ProjectName />
      <ScreenTabs />
      <span className={styles.space} />
      <RunButton />
      <HistoryButtons />
      <LookButtons />
    </header>
  );
}

function ProjectName() {
  const project = useSession((state) => state.project);
  const openScreen = useView((state) => state.openScreen);
  return (
    <button
      type="button"
      className={classNames(styles.project, 'ellipsis')}
      title={project?.path ?? t('app.noProject')}
      onClick={() => openScreen('start')}
    >
      {project === null ? t('app.name') : `${project.file.name}.calib`}
    </button>
  );
}

function ScreenTabs() {
  const screen = useView((state) => state.screen);
  const tab = SCREEN_TABLE.find((entry) => entry.id === screen)?.under ?? screen;
  const openScreen = useView((state) => state.openScreen);
  const hasProject = useSession((state) => state.project !== null);
  return (
    <nav className={styles.tabs} aria-label={t('app.screens')}>
      {SCREEN_TABLE.filter((entry) => entry.isTab).map((entry) => (
        <button
          key={entry.id}
          type="button"
          className={styles.tab}
          aria-current={entry.id === tab ? 'page' : undefined}
          disabled={entry.needsProject && !hasProject}
          onClick={() => openScreen(entry.id)}
        >
          {t(entry.titleKey)}
        </button>
      ))}
    </nav>
  );
}

/** Starts the whole job, or shows the running one. */
function RunButton() {
  const project = useSession((state) => state.project);
  const jobs = useJobs((state) => state.jobs);
  const openScreen = useView((state) => state.openScreen);
  if (project === null) return null;
  const running = openJobs(jobs, project.path).find((job) => job.kind === 'run');
  if (running !== undefined) {
    return (
      <Button key="running" icon="play" className={styles.run} onClick={() => openScreen('run')}>
        {t('app.running')}
      </Button>
    );
  }
  return (
    <Button
      key="run"
      tone="primary"
      icon="play"
      className={styles.run}
      title={t('app.runHint')}
      onClick={() => startJob('run')}
    >
      {t('app.run')}
    </Button>
  );
}

function HistoryButtons() {
  const { undoable, redoable } = useSession((state) => state.history);
  const undo = useSession((state) => state.undo);
  const redo = useSession((state) => state.redo);
  const undoName = undoable.at(-1)?.name;
  const redoName = redoable.at(-1)?.name;
  const undoHint = undoName === undefined ? t('app.nothingToUndo') : t('app.undoNamed', { name: undoName });
  const redoHint = redoName === undefined ? t('app.nothingToRedo') : t('app.redoNamed', { name: redoName });
  return (
    <>
      <IconButton
        icon="undo"
        label={t('app.undo')}
        hint={`${undoHint} (${chordText('Mod+Z', IS_MAC)})`}
        disabled={undoName === undefined}
        onClick={() => void undo()}
      />
      <IconButton
        icon="redo"
        label={t('app.redo')}
        hint={`${redoHint} (${chordText('Mod+Shift+Z', IS_MAC)})`}
        disabled={redoName === undefined}
        onClick={() => void redo()}
      />
    </>
  );
}

function LookButtons() {
  const theme = useView((state) => state.resolvedTheme);
  const language = useView((state) => state.language);
  const chooseTheme = useView((state) => state.chooseTheme);
  const chooseLanguage = useView((state) => state.chooseLanguage);
  const openScreen = useView((state) => state.openScreen);
  const openOverlay = useOverlays((state) => state.open);
  const other = language === 'en' ? 'zh' : 'en';
  return (
    <>
      <span className={styles.rule} />
      <IconButton
        icon="search"
        label={t('app.palette')}
        hint={`${t('app.palette')} (${chordText('Mod+K', IS_MAC)})`}
        onClick={() => openOverlay('palette')}
      />
      <Button
        tone="quiet"
        className={styles.language}
        lang={other === 'zh' ? 'zh-CN' : 'en'}
        title={t('app.otherLanguageHint')}
        onClick={() => chooseLanguage(other)}
      >
        {t('app.otherLanguage')}
      </Button>
      <IconButton
        icon={theme === 'dark' ? 'sun' : 'moon'}
        label={t(theme === 'dark' ? 'app.toLight' : 'app.toDark')}
        onClick={() => chooseTheme(theme === 'dark' ? 'light' : 'dark')}
      />
      <IconButton icon="settings" label={t('app.settings')} onClick={() => openScreen('settings')} />
      <IconButton icon="help" label={t('app.keys')} hint={`${t('app.keys')} (?)`} onClick={() => openOverlay('keys')} />
    </>
  );
}
