import { afterAll, vi } from 'vitest';
import { rememberPage } from './page-state';

// Files of tests share a process and the packages loaded into it. Modules of the application are loaded anew for each
// file, so that no store, cache or language that one file left reaches the next.
vi.resetModules();

const variables = { ...process.env };
const restorePage = typeof document === 'undefined' ? undefined : rememberPage();

afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env)) if (!(name in variables)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, variables);
  restorePage?.();
});
