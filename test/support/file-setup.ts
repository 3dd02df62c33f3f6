import { afterAll, vi } from 'vitest';
import { rememberPage } from './page-state';

// Files of tests share a process and the packages loaded into it. Modules of the application are loaded anew for each
// file, so that no store, cache or language that one file left reaches the next.
vi.resetModules();

const restorePage = typeof document === 'undefined' ? undefined : rememberPage();

afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  restorePage?.();
});
