import { t } from '../../i18n';
import { useView } from '../../state/view';
import './analysis.css';

const TABS = ['precision', 'sensitivity', 'search'] as const;

/** The plan, what speaks for it, and the search for a better one: three screens under one tab of the window. */
export function PrecisionTabs() {
  const screen = useView((state) => state.screen);
  const openScreen = useView((state) => state.openScreen);
  return (
    <>
      {/* The parts below are headings of the third level. */}
      <h2 className="visually-hidden">{t('analysis.tabs')}</h2>
      <nav className="analysis-tabs" aria-label={t('analysis.tabs')}>
        {TABS.map((tab) => (
          <button
            key={tab}
            type="button"
            className="analysis-tab"
            aria-current={tab === screen ? 'page' : undefined}
            onClick={() => openScreen(tab)}
          >
            {t(`analysis.tab.${tab}`)}
          </button>
        ))}
      </nav>
    </>
  );
}
