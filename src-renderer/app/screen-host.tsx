import { lazy, Suspense, type ReactElement } from 'react';
import { t } from '../i18n';
import { useSession } from '../state/session';
import { useView, type ScreenId } from '../state/view';
import { Button } from '../widgets/button';
import { EmptyState } from '../widgets/states';
import { SCREEN_TABLE, type Screen } from './screens';

/** The element of each screen; its code is loaded when the screen is first opened. */
const ELEMENTS: ReadonlyMap<ScreenId, ReactElement> = new Map(
  SCREEN_TABLE.map((screen) => {
    const Component = lazy(async () => ({ default: await screen.load() }));
    return [screen.id, <Component />];
  }),
);

/** Shows the current screen. */
export function ScreenHost({ screen: id }: { readonly screen: ScreenId }) {
  const hasProject = useSession((state) => state.project !== null);
  const opening = useSession((state) => state.opening);
  const screen = SCREEN_TABLE.find((candidate) => candidate.id === id);
  const element = ELEMENTS.get(id);
  if (screen === undefined || element === undefined) return <NoProject />;
  if (screen.needsProject && !hasProject)
    return opening === null ? <NoProject /> : <EmptyState title={t('app.opening', { path: opening })} />;
  return (
    <Suspense fallback={null}>
      {/* Work screens spend no line on a title; those who do not see the tabs hear it. */}
      {screen.needsProject ? <h1 className="visually-hidden">{t(screen.titleKey)}</h1> : null}
      {element}
    </Suspense>
  );
}

/** Loads the other screens while the window is idle, so that a tab opens at once. */
export async function preloadScreens(screens: readonly Screen[]): Promise<void> {
  for (const screen of screens) {
    await new Promise<void>((resolve) => requestIdleCallback(() => resolve(), { timeout: 2_000 }));
    // A failed load is reported when the screen is opened.
    await screen.load().catch(() => undefined);
  }
}

function NoProject() {
  const openScreen = useView((state) => state.openScreen);
  return (
    <EmptyState
      title={t('app.noProject')}
      action={
        <Button tone="primary" onClick={() => openScreen('start')}>
          {t('app.goToStart')}
        </Button>
      }
    >
      {t('app.noProjectNext')}
    </EmptyState>
  );
}
