import { create } from 'zustand';
import { hasMessage, t } from '../i18n';
import { activeCommands, useCommandRegistry } from '../state/commands';
import { usePreprocessingEdits } from '../state/preprocessing-edits';
import { Button } from '../widgets/button';
import { Dialog } from '../widgets/dialog';
import { chordText, IS_MAC } from './chords';
import styles from './overlays.module.css';

type Overlay = 'palette' | 'keys';

interface OverlaysState {
  /** At most one overlay is open at a time. */
  readonly overlay: Overlay | null;
  readonly open: (overlay: Overlay) => void;
  readonly close: () => void;
}

export const useOverlays = create<OverlaysState>()((set) => ({
  overlay: null,
  open: (overlay) => set({ overlay }),
  close: () => set({ overlay: null }),
}));

/** Keys that widgets handle themselves; they are not commands. */
const FIXED = [
  { keys: ['ArrowUp', 'ArrowDown'], titleKey: 'app.help.walk' },
  { keys: ['Home', 'End'], titleKey: 'app.help.ends' },
  { keys: ['Shift+ArrowDown'], titleKey: 'app.help.range' },
  { keys: ['Enter'], titleKey: 'app.help.enter' },
  { keys: ['ArrowLeft', 'ArrowRight'], titleKey: 'app.help.nudge' },
  { keys: ['Escape'], titleKey: 'app.help.escape' },
] as const;

/** Keys of the layer graph. */
const GRAPH = [
  { keys: ['+', '-'], titleKey: 'app.help.zoom' },
  { keys: ['0'], titleKey: 'app.help.whole' },
  { keys: ['F'], titleKey: 'app.help.focus' },
] as const;

/** Keys of a large picture with its answers. */
const PICTURE = [
  { keys: ['ArrowLeft', 'ArrowRight'], titleKey: 'picture.help.walk' },
  { keys: ['1', '2', '3'], titleKey: 'picture.help.layers' },
  { keys: ['D'], titleKey: 'picture.help.difference' },
  { keys: ['S'], titleKey: 'picture.help.apart' },
  { keys: ['+', '-'], titleKey: 'picture.help.zoom' },
  { keys: ['0'], titleKey: 'picture.help.whole' },
  { keys: ['Shift+ArrowLeft', 'Shift+ArrowRight'], titleKey: 'picture.help.pan' },
  { keys: ['B'], titleKey: 'picture.help.bright' },
  { keys: ['T'], titleKey: 'picture.help.table' },
] as const;

/** Keys of the Precision screen; they are commands while that screen is open. */
const PRECISION = [
  { keys: ['A'], titleKey: 'precision.command.auto' },
  { keys: ['8'], titleKey: 'precision.command.int8' },
  { keys: ['6', '1'], titleKey: 'precision.command.fp16' },
  { keys: ['3'], titleKey: 'precision.command.fp32' },
] as const;

/** All keys of the current screen, grouped by feature. */
export function KeysHelp() {
  const close = useOverlays((state) => state.close);
  const registered = useCommandRegistry((state) => state.registered);
  const commands = activeCommands(registered).filter((command) => (command.keys?.length ?? 0) > 0);
  const features = [...new Set(commands.map((command) => featureOf(command.id)))];
  return (
    <Dialog title={t('app.keys')} className={styles.help} onClose={close}>
      <div className={styles.helpGroups}>
        {features.map((feature) => (
          <section key={feature}>
            <h3>{hasMessage(`${feature}.title`) ? t(`${feature}.title`) : t('app.help.everywhere')}</h3>
            <dl className={styles.helpList}>
              {commands
                .filter((command) => featureOf(command.id) === feature)
                .map((command) => (
                  <div key={command.id}>
                    <dt>{t(command.titleKey, command.titleParams)}</dt>
                    <dd>
                      <KeyCaps chords={command.keys ?? []} />
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
        {features.includes('precision') ? null : <FixedKeys title={t('app.help.precision')} entries={PRECISION} />}
        <FixedKeys title={t('app.help.graph')} entries={GRAPH} />
        <FixedKeys title={t('picture.help')} entries={PICTURE} />
        <FixedKeys title={t('app.help.lists')} entries={FIXED} />
      </div>
    </Dialog>
  );
}

interface FixedKeysProps {
  readonly title: string;
  readonly entries: readonly { readonly keys: readonly string[]; readonly titleKey: string }[];
}

function FixedKeys({ title, entries }: FixedKeysProps) {
  return (
    <section>
      <h3>{title}</h3>
      <dl className={styles.helpList}>
        {entries.map((entry) => (
          <div key={entry.titleKey}>
            <dt>{t(entry.titleKey)}</dt>
            <dd>
              <KeyCaps chords={entry.keys} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function featureOf(commandId: string): string {
  return commandId.split('.')[0] ?? commandId;
}

/**
 * Shown before a job starts if preprocessing was changed but not applied, because the job would not use the changes.
 */
export function PendingPreprocessing() {
  const ask = usePreprocessingEdits((state) => state.ask);
  if (ask === null) return null;
  return (
    <Dialog
      title={t('app.pending.title')}
      onClose={() => ask('cancel')}
      actions={
        <>
          <Button onClick={() => ask('cancel')}>{t('app.pending.cancel')}</Button>
          <Button onClick={() => ask('discard')}>{t('app.pending.discard')}</Button>
          <Button tone="primary" data-autofocus="" onClick={() => ask('apply')}>
            {t('app.pending.apply')}
          </Button>
        </>
      }
    >
      <p>{t('app.pending.text')}</p>
    </Dialog>
  );
}

export function KeyCaps({ chords }: { readonly chords: readonly string[] }) {
  return (
    <span className={styles.keys}>
      {chords.map((chord) => (
        <kbd key={chord}>{chordText(chord, IS_MAC)}</kbd>
      ))}
    </span>
  );
}
