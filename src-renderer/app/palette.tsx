import { useId, useMemo, useState, type KeyboardEvent } from 'react';
import { t } from '../i18n';
import { activeCommands, useCommandRegistry, type Command } from '../state/commands';
import { Dialog } from '../widgets/dialog';
import { classNames } from '../widgets/class-names';
import { chordText, IS_MAC } from './chords';
import { useOverlays } from './overlays';
import { rankByQuery } from './palette-match';

const titleOf = (command: Command): string => t(command.titleKey, command.titleParams);

/** Every action by name: type, arrow keys, Enter. */
export function Palette() {
  const close = useOverlays((state) => state.close);
  const registered = useCommandRegistry((state) => state.registered);
  const listId = useId();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const commands = useMemo(() => activeCommands(registered).filter((command) => command.id !== 'app.palette' && command.isEnabled?.() !== false), [registered]);
  const found = useMemo(() => rankByQuery(commands, query, titleOf), [commands, query]);
  const active = Math.min(chosen, found.length - 1);

  const run = (command: Command): void => {
    close();
    // After the dialog has given the focus back.
    setTimeout(command.run);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setChosen((active + step + found.length) % found.length);
    }
    const command = found[active];
    if (event.key === 'Enter' && command !== undefined) {
      event.preventDefault();
      run(command);
    }
  };

  return (
    <Dialog title={t('app.palette')} isTitleHidden className="app-palette" onClose={close}>
      <input
        className="app-palette-input"
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
      <div id={listId} className="app-palette-list" role="listbox" aria-label={t('app.palette')}>
        {found.map((command, index) => (
          <div
            key={command.id}
            id={`${listId}-${index}`}
            ref={index === active ? (element) => element?.scrollIntoView({ block: 'nearest' }) : null}
            role="option"
            aria-selected={index === active}
            className={classNames('app-palette-option', index === active && 'app-palette-active')}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(command)}
          >
            <span className="ellipsis">{titleOf(command)}</span>
            <KeyCaps chords={command.keys?.slice(0, 1) ?? []} />
          </div>
        ))}
      </div>
      {found.length === 0 ? <p className="dim">{t('app.paletteNone')}</p> : null}
    </Dialog>
  );
}

export function KeyCaps({ chords }: { readonly chords: readonly string[] }) {
  return (
    <span className="app-keys">
      {chords.map((chord) => (
        <kbd key={chord}>{chordText(chord, IS_MAC)}</kbd>
      ))}
    </span>
  );
}
