import { useView } from '../state/view';

/** Writes theme, motion and language where CSS and the browser look for them, now and with every change. */
export function applyLook(): void {
  const apply = (): void => {
    const { resolvedTheme, motion, language } = useView.getState();
    const { dataset } = document.documentElement;
    dataset['theme'] = resolvedTheme;
    dataset['motion'] = motion;
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  };
  apply();
  useView.subscribe(apply);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => useView.getState().followSystem());
}
