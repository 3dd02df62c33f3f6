import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { Button } from '../button';
import { EmptyState } from '../empty-state';

/** Instead of layers: no project is open, or its model has not been read. */
export function NoModel() {
  const hasProject = useSession((state) => state.project !== null);
  const refresh = useSession((state) => state.refresh);
  const openScreen = useView((state) => state.openScreen);
  if (hasProject) {
    return (
      <EmptyState
        title={t('model.reading')}
        action={<Button onClick={() => void refresh({ isCalibrationNew: true })}>{t('model.reading.action')}</Button>}
      >
        {t('model.reading.text')}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title={t('model.none')}
      action={
        <Button tone="primary" onClick={() => openScreen('start')}>
          {t('model.none.action')}
        </Button>
      }
    >
      {t('model.none.text')}
    </EmptyState>
  );
}
