import { useEffect } from 'react';
import { fromWireError } from '../../src-shared/contract/errors';
import { t } from '../i18n';
import { useNotices, type Notice } from '../state/notices';
import { IconButton } from '../widgets/button';
import { ErrorBox } from '../widgets/error-box';

const TELL_MS = 5_000;

/** What failed (until it is dismissed) and what was done (for some seconds), in the corner above the job bar. */
export function NoticeList() {
  const notices = useNotices((state) => state.notices);
  const dismiss = useNotices((state) => state.dismiss);
  return (
    <div className="app-notices" aria-live="polite">
      {notices.map((notice) =>
        notice.tone === 'error' ? (
          <ErrorBox key={notice.id} error={errorOf(notice)} onDismiss={() => dismiss(notice.id)} />
        ) : (
          <Told key={notice.id} notice={notice} onDone={dismiss} />
        ),
      )}
    </div>
  );
}

function Told({ notice, onDone }: { readonly notice: Notice; readonly onDone: (id: number) => void }) {
  useEffect(() => {
    const timer = setTimeout(() => onDone(notice.id), TELL_MS);
    return () => clearTimeout(timer);
  }, [notice.id, onDone]);
  return (
    <div className="app-told">
      <span>{notice.message}</span>
      <IconButton icon="close" label={t('widgets.dismiss')} onClick={() => onDone(notice.id)} />
    </div>
  );
}

function errorOf({ code = 'internal', message, hint, detail }: Notice): Error {
  return fromWireError({ code, message, ...(hint === undefined ? {} : { hint }), ...(detail === undefined ? {} : { detail }) });
}
