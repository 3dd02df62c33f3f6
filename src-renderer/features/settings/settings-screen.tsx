import { t } from '../../i18n';
import { DEFAULT_WIDTHS, FOLLOWS, useView, type Follow, type Motion, type Theme } from '../../state/view';
import type { Language } from '../../i18n';
import { Button } from '../../widgets/button';
import { Segmented } from '../../widgets/fields';
import styles from './settings-screen.module.css';

const LANGUAGE_CHOICES: readonly { readonly value: Language; readonly label: string }[] = [
  { value: 'en', label: 'English' },
  { value: 'zh', label: '简体中文' },
];

export function SettingsScreen() {
  const {
    theme,
    language,
    motion,
    follow,
    leftWidth,
    rightWidth,
    chooseTheme,
    chooseLanguage,
    chooseMotion,
    chooseFollow,
    restorePanes,
  } = useView();
  const arePanesChanged = leftWidth !== DEFAULT_WIDTHS.leftWidth || rightWidth !== DEFAULT_WIDTHS.rightWidth;
  const follows = FOLLOWS.map((value) => ({ value, label: t(`settings.follow.${value}`) }));
  const onFollow = (chosen: Follow): void => {
    chooseFollow(chosen);
    // The browser asks for permission once; without it, only the window title shows the progress.
    if (chosen === 'notify' && 'Notification' in window) void Notification.requestPermission();
  };
  const themes = (['system', 'light', 'dark'] as const).map((value: Theme) => ({
    value,
    label: t(`settings.theme.${value}`),
  }));
  const motions = (['system', 'reduced'] as const).map((value: Motion) => ({
    value,
    label: t(`settings.motion.${value}`),
  }));
  return (
    <div className={styles.root}>
      <h1>{t('settings.title')}</h1>
      <p className="dim">{t('settings.kept')}</p>
      <div className={styles.list}>
        <Segmented
          label={t('settings.language')}
          isLabelHidden={false}
          value={language}
          choices={LANGUAGE_CHOICES}
          onChoose={chooseLanguage}
        />
        <Segmented
          label={t('settings.theme')}
          isLabelHidden={false}
          value={theme}
          choices={themes}
          onChoose={chooseTheme}
        />
        <Segmented
          label={t('settings.motion')}
          isLabelHidden={false}
          value={motion}
          choices={motions}
          onChoose={chooseMotion}
        />
        <Segmented
          label={t('settings.follow')}
          isLabelHidden={false}
          value={follow}
          choices={follows}
          onChoose={onFollow}
        />
        <div>
          <p className={styles.caption}>{t('settings.panes')}</p>
          <Button disabled={!arePanesChanged} onClick={restorePanes}>
            {t('settings.panes.restore')}
          </Button>
        </div>
      </div>
      <p className="dim">{t('settings.credits')}</p>
    </div>
  );
}
