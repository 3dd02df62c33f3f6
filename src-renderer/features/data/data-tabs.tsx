import { t } from '../../i18n';
import { Segmented } from '../../widgets/fields';
import { useData } from './data-store';

/** The images of a set, or the health of the calibration set. */
export function DataTabs() {
  const { view, show } = useData();
  return (
    <>
      {/* The parts below are headings of the third level. */}
      <h2 className="visually-hidden">{t('data.set')}</h2>
      <Segmented
        label={t('data.set')}
        value={view}
        choices={[
          { value: 'calibration', label: t('data.set.calibration') },
          { value: 'validation', label: t('data.set.validation') },
          { value: 'health', label: t('health.title'), title: t('health.hint') },
        ]}
        onChoose={show}
      />
    </>
  );
}
