import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { packageRoot } from '../../base/package-info';
import { defineCommand, EXIT_OK, present } from '../command';
import { displayMissing, electronPlaces, findElectron } from '../electron-binary';
import { untilInterrupted } from './serve';

/** A window that cannot start ends within this time. If it ends later, it was in use. */
const FAILED_START_MS = 5_000;

export const start = defineCommand({
  name: 'start',
  summary: 'open the workbench in a window, or in a browser if Electron or a display is missing',
  positionals: ['[PROJECT]'],
  options: {},
  details: 'Looks for Electron in ELECTRON_OVERRIDE_DIST_PATH, then in the installed package.',
  async run(_values, [given], context) {
    const project = given === undefined ? undefined : resolve(given);
    const missing = displayMissing(process.platform, process.env);
    const electron = findElectron(electronPlaces());
    const problem = !electron.available ? electron.reason : (missing ?? (await runWindow(electron.path, project)));
    if (problem === null) return EXIT_OK;
    context.note(`${problem}; opening the workbench in a browser instead.`);
    const { serve } = await import('../../serve/serve');
    const server = await serve(context.api, present({ projectPath: project }));
    context.print(server.url, (url) => [url]);
    if (missing === null) openBrowser(server.url);
    return untilInterrupted(server, context);
  },
});

/** Runs the desktop application until it ends. @returns null, or the reason why it did not start */
async function runWindow(electronPath: string, project: string | undefined): Promise<string | null> {
  const startedMs = performance.now();
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: undefined };
  const args = [join(packageRoot(), 'out/main/desktop.js'), ...(project === undefined ? [] : [project])];
  const child = spawn(electronPath, args, { stdio: 'inherit', env });
  // The terminal also sends Ctrl-C to the window. This process only waits for the window to end.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  try {
    const outcome = await new Promise<string | null>((done) => {
      child.once('error', (error) => done(`Electron could not be started (${error.message})`));
      child.once('exit', (code, signal) =>
        done(
          code === 0 ? null : `Electron ended ${signal === null ? `with exit code ${code ?? '?'}` : `by ${signal}`}`,
        ),
      );
    });
    return performance.now() - startedMs > FAILED_START_MS ? null : outcome;
  } finally {
    process.off('SIGINT', ignore);
  }
}

/** Opens the default browser, if the system has a program for this. The address is printed in any case. */
function openBrowser(url: string): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as 'darwin' | 'win32'] ?? 'xdg-open';
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
