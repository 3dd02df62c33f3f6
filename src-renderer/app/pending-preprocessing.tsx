import { t } from '../i18n';
import { usePreprocessingEdits } from '../state/preprocessing-edits';
import { Button } from '../widgets/button';
import { Dialog } from '../widgets/dialog';

/** Asked before a job starts while preprocessing was changed and not applied: the job would not use the changes. */
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
