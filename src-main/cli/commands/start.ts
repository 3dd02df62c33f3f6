import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { packageRoot } from '../../base/package-info';
import { serve } from '../../serve/serve';
import { EXIT_OK, parseFlags, present, type Command } from '../command';
import { displayMissing, electronPlaces, findElectron } from '../electron-binary';
import { untilInterrupted } from './serve';

/** A window that fails does so at once; one that ends later was used. */
const FAILED_START_MS = 5_000;

export const start: Command = {
  name: 'start',
  summary: 'the workbench in a window, or in a browser where there is no Electron or no display',
  usage:
    'Usage: calib start [PROJECT]\nLooks for Electron in ELECTRON_OVERRIDE_DIST_PATH, then in the installed package.',
  async run(argv, context) {
    const { positionals } = parseFlags(argv, {}, { min: 0, max: 1, names: '[PROJECT]' });
    const project = positionals[0] === undefined ? undefined : resolve(positionals[0]);
    const missing = displayMissing(process.platform, process.env);
    const electron = findElectron(electronPlaces());
    const problem = !electron.available ? electron.reason : (missing ?? (await runWindow(electron.path, project)));
    if (problem === null) return EXIT_OK;
    context.note(`${problem}; opening the workbench in a browser instead.`);
    const server = await serve(context.api, present({ projectPath: project }));
    context.print(server.url);
    if (missing === null) openBrowser(server.url);
    return untilInterrupted(server, context);
  },
};

/** Runs the desktop application to its end. @returns null, or why it did not start. */
async function runWindow(electronPath: string, project: string | undefined): Promise<string | null> {
  const startedMs = performance.now();
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: undefined };
  const args = [join(packageRoot(), 'out/main/desktop.js'), ...(project === undefined ? [] : [project])];
  const child = spawn(electronPath, args, { stdio: 'inherit', env });
  // Ctrl-C reaches the window through the terminal; waiting for its end is what is left to do here.
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

/** Where there is no opener the address that was printed is enough. */
function openBrowser(url: string): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as 'darwin' | 'win32'] ?? 'xdg-open';
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
