import { afterAll, vi } from 'vitest';
import { setLanguage } from '../../src-renderer/i18n';

/** Files of tests share the modules of the renderer: what one file set is put back for the next one. */
afterAll(() => {
  setLanguage('en');
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  if (typeof localStorage !== 'undefined') localStorage.clear();
});
