import { useEffect, useMemo } from 'react';
import { t } from '../i18n';
import { useCommands, type Command } from '../state/commands';
import { canStep, useSession } from '../state/session';
import { useView } from '../state/view';
import { EXPORT_KINDS, type ExportKind } from '../features/run/export-request';
import { useExportKind } from '../features/run/run-store';
import { showLanding, useDrop } from '../features/start/drop-store';
import { useOverlays } from './overlays';
import { preloadScreens } from './screen-host';
import { SCREEN_TABLE } from './screens';
import { canAnalyse, canStart, startAnalysis, startJob } from './start-job';

/** Registers the commands that are available on every screen. */
export function useBaseCommands(): void {
  useCommands(useMemo(() => [...screenCommands(), ...projectCommands(), ...lookCommands()], []));
  useEffect(() => void preloadScreens(SCREEN_TABLE), []);
}

function screenCommands(): readonly Command[] {
  const tabs = SCREEN_TABLE.filter((screen) => screen.isTab);
  return SCREEN_TABLE.map((screen) => {
    const number = tabs.indexOf(screen) + 1;
    return {
      id: `app.open-${screen.id}`,
      titleKey: `app.open.${screen.id}`,
      ...(number > 0 ? { keys: [`Alt+${number}`] } : screen.keys === undefined ? {} : { keys: screen.keys }),
      isEnabled: () => !screen.needsProject || useSession.getState().project !== null,
      run: () => useView.getState().openScreen(screen.id),
    };
  });
}

function projectCommands(): readonly Command[] {
  // The run screen registers single steps under the same ids; its versions use the options that are being edited.
  return [
    {
      id: 'app.run',
      titleKey: 'app.command.run',
      keys: ['Mod+Enter'],
      run: () => startJob('run'),
      isEnabled: () => useSession.getState().project !== null,
    },
    {
      id: 'run.calibrate',
      titleKey: 'app.command.calibrate',
      run: () => startJob('calibrate'),
      isEnabled: () => canStart('calibrate'),
    },
    {
      id: 'run.validate',
      titleKey: 'app.command.validate',
      run: () => startJob('validate'),
      isEnabled: () => canStart('validate'),
    },
    {
      id: 'run.bench',
      titleKey: 'app.command.bench',
      run: () => startJob('bench'),
      isEnabled: () => canStart('bench'),
    },
    ...analysisCommands(),
    {
      id: 'app.undo',
      titleKey: 'app.undo',
      keys: ['Mod+Z'],
      run: () => void useSession.getState().undo(),
      isEnabled: () => canStep('undo'),
    },
    {
      id: 'app.redo',
      titleKey: 'app.redo',
      keys: ['Mod+Shift+Z', 'Mod+Y'],
      run: () => void useSession.getState().redo(),
      isEnabled: () => canStep('redo'),
    },
    ...EXPORT_KINDS.map((kind) => ({
      id: `run.export-${kind}`,
      titleKey: 'app.command.export',
      titleParams: { what: t(`run.export.${kind}`) },
      isEnabled: () => useSession.getState().project !== null,
      run: () => showExport(kind),
    })),
    { id: 'app.new-project', titleKey: 'start.newProject', run: () => useDrop.getState().startProject() },
    { id: 'app.sample', titleKey: 'app.command.sample', run: () => void openSample() },
  ];
}

function analysisCommands(): readonly Command[] {
  return (['sensitivity', 'auto', 'search'] as const).map((kind) => ({
    id: `analysis.${kind}`,
    titleKey: `app.command.${kind}`,
    run: () => startAnalysis(kind),
    isEnabled: canAnalyse,
  }));
}

/** Opens the run screen at its export panel, because an export needs a destination. */
function showExport(kind: ExportKind): void {
  useExportKind.getState().ask(kind);
  useView.getState().openScreen('run');
}

async function openSample(): Promise<void> {
  if (await useSession.getState().openSample()) showLanding();
}

function lookCommands(): readonly Command[] {
  return [
    {
      id: 'app.palette',
      titleKey: 'app.palette',
      keys: ['Mod+K', 'Mod+Shift+P'],
      run: () => useOverlays.getState().open('palette'),
    },
    { id: 'app.keys', titleKey: 'app.keys', keys: ['?'], run: () => useOverlays.getState().open('keys') },
    {
      id: 'app.theme',
      titleKey: 'app.command.theme',
      run: () => useView.getState().chooseTheme(useView.getState().resolvedTheme === 'dark' ? 'light' : 'dark'),
    },
    {
      id: 'app.language',
      titleKey: 'app.command.language',
      run: () => useView.getState().chooseLanguage(useView.getState().language === 'en' ? 'zh' : 'en'),
    },
  ];
}
