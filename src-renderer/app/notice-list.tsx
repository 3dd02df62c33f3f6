import { useEffect, useMemo, useState } from 'react';
import { fromWireError } from '../../src-shared/contract/errors';
import { t } from '../i18n';
import { useCommands } from '../state/commands';
import { shownNotices, useNotices, type Notice } from '../state/notices';
import { Button, IconButton } from '../widgets/button';
import { ErrorBox } from '../widgets/states';
import { classNames } from '../widgets/class-names';
import styles from './notice-list.module.css';

const TELL_MS = 5_000;

/**
 * Errors (until they are dismissed) and success messages (for some seconds), in the corner above the job bar. Escape
 * closes the newest; errors beyond the fourth are folded into one line.
 */
export function NoticeList() {
  const notices = useNotices((state) => state.notices);
  const dismiss = useNotices((state) => state.dismiss);
  const [isUnfolded, setUnfolded] = useState(false);
  const { shown, foldedCount } = useMemo(() => shownNotices(notices), [notices]);
  useNoticeKeys(notices.length > 0);
  return (
    <div className={styles.root} aria-live="polite" data-testid="notices">
      {/* Drawn from the bottom up, so that the newest is in sight however many there are. */}
      {(isUnfolded ? notices : shown)
        .toReversed()
        .map((notice) =>
          notice.tone === 'error' ? (
            <ErrorBox
              key={notice.id}
              error={errorOf(notice)}
              count={notice.count}
              onDismiss={() => dismiss(notice.id)}
            />
          ) : (
            <Told key={notice.id} notice={notice} onDone={dismiss} />
          ),
        )}
      {foldedCount === 0 ? null : (
        <Folded count={foldedCount} isUnfolded={isUnfolded} onToggle={() => setUnfolded(!isUnfolded)} />
      )}
    </div>
  );
}

function Folded({
  count,
  isUnfolded,
  onToggle,
}: {
  readonly count: number;
  readonly isUnfolded: boolean;
  readonly onToggle: () => void;
}) {
  const dismissAll = useNotices((state) => state.dismissAll);
  return (
    <div className={classNames(styles.told, styles.folded)}>
      <Button
        tone="quiet"
        icon={isUnfolded ? 'chevron-down' : 'chevron-up'}
        aria-expanded={isUnfolded}
        onClick={onToggle}
      >
        {isUnfolded ? t('app.notices.fold') : t('app.notices.more', { count })}
      </Button>
      <Button tone="quiet" onClick={dismissAll}>
        {t('app.notices.closeAll')}
      </Button>
    </div>
  );
}

function useNoticeKeys(hasNotices: boolean): void {
  useCommands(
    useMemo(
      () =>
        hasNotices
          ? [
              {
                id: 'app.notices-close',
                titleKey: 'app.notices.closeNewest',
                keys: ['Escape'],
                run: () => useNotices.getState().dismissNewest(),
              },
            ]
          : [],
      [hasNotices],
    ),
  );
}

function Told({ notice, onDone }: { readonly notice: Notice; readonly onDone: (id: number) => void }) {
  useEffect(() => {
    const timer = setTimeout(() => onDone(notice.id), TELL_MS);
    return () => clearTimeout(timer);
  }, [notice.id, notice.count, onDone]);
  return (
    <div className={styles.told}>
      <span>
        {notice.message}
        {notice.count === 1 ? null : <span className="dim"> {t('widgets.times', { count: notice.count })}</span>}
      </span>
      <IconButton icon="close" label={t('widgets.dismiss')} onClick={() => onDone(notice.id)} />
    </div>
  );
}

function errorOf({ code = 'internal', message, hint, advice, detail }: Notice): Error {
  return fromWireError({
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(advice === undefined ? {} : { advice }),
    ...(detail === undefined ? {} : { detail }),
  });
}
