import { paletteDeclarations, THEMES } from '../../src-shared/domain/palette';
import { useView } from '../state/view';

/** Puts the colours that the screens share with the report where CSS finds them; once per page. */
export function applyPalette(): void {
  const style = document.createElement('style');
  style.textContent = THEMES.map((theme) => `[data-theme='${theme}']{${paletteDeclarations(theme)}}`).join('\n');
  document.head.append(style);
}

/** Writes theme, motion and language where CSS and the browser look for them, now and with every change. */
export function applyLook(): void {
  applyPalette();
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
