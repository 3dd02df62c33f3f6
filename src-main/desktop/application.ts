import { join, resolve } from 'node:path';
import { app, BrowserWindow, dialog, ipcMain, Menu, protocol, screen, session } from 'electron';
import { DIALOG_METHOD, GRANT_METHOD } from '../../src-shared/contract/desktop-bridge';
import { createWorkbench } from '../app/create-workbench';
import type { Workbench } from '../app/workbench';
import { packageRoot } from '../base/package-info';
import { confineApi } from '../transport/confined-api';
import { serveIpc } from '../transport/ipc-endpoint';
import { PathGrants } from '../transport/path-grants';
import { answerAppRequest, APP_SCHEME_PRIVILEGES } from './app-protocol';
import { choosePath, grantPaths } from './dialogs';
import { hardenContents, hardenSession } from './harden';
import { whenIdle } from './idle-watch';
import { menuTemplate } from './menu';
import { APP_SCHEME, isTrustedSender, pageUrl } from './page-origin';
import { windowOptions } from './window-options';
import { openingBounds, readWindowState, writeWindowState } from './window-state';

const NAME = 'Calibration Workbench';

/** The project on the command line, or null. Flags are for the browser engine and ignored. */
export function projectArgument(argv: readonly string[], workingDir: string): string | null {
  const named = argv.findLast((argument) => /\.calib[\\/]?$/.test(argument) && !argument.startsWith('-'));
  return named === undefined ? null : resolve(workingDir, named);
}

/**
 * The desktop application: one window on one workbench. The workbench continues after the window is closed while a job
 * runs.
 */
export function startDesktop(): void {
  app.setName(NAME);
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  protocol.registerSchemesAsPrivileged([APP_SCHEME_PRIVILEGES]);
  const page = pageUrl(process.env['ELECTRON_RENDERER_URL'], app.isPackaged);
  const grants = new PathGrants();
  const workbench = createWorkbench();
  app.on('web-contents-created', (_, contents) => hardenContents(contents, page));
  app.on('will-quit', () => workbench.dispose());
  void app.whenReady().then(() => {
    hardenSession(session.defaultSession);
    protocol.handle(APP_SCHEME, (request) => answerAppRequest(join(packageRoot(), 'out/renderer'), request));
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform)));
    connect(workbench, grants, page);
    const open = (project: string | null): void => showWindow(page, grants, project);
    app.on('activate', () => open(null));
    app.on('second-instance', (_, argv, workingDir) => open(projectArgument(argv.slice(1), workingDir)));
    app.on('window-all-closed', () => {
      void whenIdle(workbench, () => {
        if (BrowserWindow.getAllWindows().length === 0) app.quit();
      });
    });
    open(projectArgument(process.argv.slice(1), process.cwd()));
  });
}

function connect(workbench: Workbench, grants: PathGrants, page: string): void {
  serveIpc({
    api: confineApi(workbench, {
      grants,
      checksReferences: false,
      hint: 'Drop it on the window, or choose it in a dialog.',
    }),
    ipc: ipcMain,
    isTrusted: (frame) => isTrustedSender(frame, page),
    broadcast: (channel, message) => {
      for (const window of BrowserWindow.getAllWindows()) window.webContents.send(channel, message);
    },
    ownMethods: {
      [DIALOG_METHOD]: (request) => choosePath(request, dialog, grants),
      [GRANT_METHOD]: async (request) => grantPaths(request, grants),
    },
  });
}

/** Brings the window to the front, or opens one. If a project is given, the window shows it. */
function showWindow(page: string, grants: PathGrants, project: string | null): void {
  if (project !== null) grants.grant(project);
  const address = project === null ? page : `${page}?${new URLSearchParams({ project }).toString()}`;
  const [existing] = BrowserWindow.getAllWindows();
  if (existing === undefined) {
    openWindow(address);
    return;
  }
  if (project !== null) void existing.loadURL(address);
  if (existing.isMinimized()) existing.restore();
  existing.focus();
}

function openWindow(address: string): void {
  const statePath = join(app.getPath('userData'), 'window.json');
  const saved = readWindowState(statePath);
  const bounds = openingBounds(
    saved?.bounds ?? null,
    [screen.getPrimaryDisplay(), ...screen.getAllDisplays()].map(({ workArea }) => workArea),
  );
  const window = new BrowserWindow(windowOptions(bounds, join(packageRoot(), 'out/preload/preload.cjs')));
  if (saved?.isMaximized === true) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.on('close', () => {
    // If the position of the window cannot be saved, no error is reported.
    writeWindowState(statePath, { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() }).catch(
      () => undefined,
    );
  });
  void window.loadURL(address);
}
