import { useEffect, useId, useMemo, useState, type KeyboardEvent } from 'react';
import type { RecentProject } from '../../src-shared/contract/views';
import { t } from '../i18n';
import { activeCommands, useCommandRegistry } from '../state/commands';
import { useSession } from '../state/session';
import { Dialog } from '../widgets/dialog';
import { classNames } from '../widgets/class-names';
import { KeyCaps, useOverlays } from './overlays';
import { findItems, type PaletteItem, paletteItems } from './palette-items';
import styles from './palette.module.css';

/** All lines that can be found now; recent projects are added when the application has answered. */
function usePaletteItems(): readonly PaletteItem[] {
  const registered = useCommandRegistry((state) => state.registered);
  const { api, model, thresholds, project } = useSession();
  const [projects, setProjects] = useState<readonly RecentProject[]>([]);
  useEffect(() => {
    let isCurrent = true;
    api.listRecentProjects().then(
      (recent) => {
        if (isCurrent) setProjects(recent);
      },
      () => undefined, // The start screen shows the error.
    );
    return () => {
      isCurrent = false;
    };
  }, [api]);
  const openPath = project?.path ?? null;
  return useMemo(() => {
    const commands = activeCommands(registered).filter((command) => command.id !== 'app.palette');
    return paletteItems({ commands, model, thresholds, projects, openPath });
  }, [registered, model, thresholds, projects, openPath]);
}

/** The command palette: finds every action, tensor, layer and project by name. Keys: typing, arrow keys, Enter. */
export function Palette() {
  const close = useOverlays((state) => state.close);
  const listId = useId();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const items = usePaletteItems();
  const found = useMemo(() => findItems(items, query), [items, query]);
  const active = Math.min(chosen, found.length - 1);

  const run = (item: PaletteItem): void => {
    if (!item.isEnabled) return;
    close();
    // Runs after the dialog has returned the focus.
    setTimeout(item.run);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setChosen((active + step + found.length) % found.length);
    }
    const item = found[active];
    if (event.key === 'Enter' && item !== undefined) {
      event.preventDefault();
      run(item);
    }
  };

  return (
    <Dialog title={t('app.palette')} isTitleHidden className={styles.root} onClose={close}>
      <input
        className={styles.input}
        role="combobox"
        aria-label={t('app.palette')}
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={active < 0 ? undefined : `${listId}-${active}`}
        autoComplete="off"
        data-autofocus
        placeholder={t('app.paletteHint')}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={listId} className={styles.list} role="listbox" aria-label={t('app.palette')}>
        {found.map((item, index) => (
          <div
            key={item.id}
            id={`${listId}-${index}`}
            ref={index === active ? (element) => element?.scrollIntoView({ block: 'nearest' }) : null}
            role="option"
            aria-selected={index === active}
            aria-disabled={!item.isEnabled}
            className={classNames(styles.option, index === active && styles.active)}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(item)}
          >
            <span className={item.kind === 'command' ? 'ellipsis' : 'ellipsis-start mono'} title={item.title}>
              <bdi>{item.title}</bdi>
            </span>
            {item.kind === 'command' ? (
              <KeyCaps chords={item.keys} />
            ) : (
              <span className="dim">{t(`app.palette.${item.kind}`)}</span>
            )}
          </div>
        ))}
      </div>
      {found.length === 0 ? <p className="dim">{t('app.paletteNone')}</p> : null}
    </Dialog>
  );
}
