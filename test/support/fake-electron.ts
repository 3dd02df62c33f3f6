import { EventEmitter } from 'node:events';

type Handler = (...args: readonly unknown[]) => unknown;

/** Listeners of a fake object, without the static side of Node's class, which has no name in declarations. */
class Emitter {
  readonly emitter = new EventEmitter();
  on(event: string, listener: Handler): this {
    this.emitter.on(event, listener);
    return this;
  }
  once(event: string, listener: Handler): this {
    this.emitter.once(event, listener);
    return this;
  }
  emit(event: string, ...args: readonly unknown[]): boolean {
    return this.emitter.emit(event, ...args);
  }
}

/** The window open handler and listeners of one page. */
export class FakeContents extends Emitter {
  windowOpenHandler: ((details: unknown) => { readonly action: string }) | null = null;
  readonly sent: unknown[][] = [];
  setWindowOpenHandler(handler: (details: unknown) => { readonly action: string }): void {
    this.windowOpenHandler = handler;
  }
  send(...message: readonly unknown[]): void {
    this.sent.push([...message]);
  }
}

/** As much of the `electron` module as the desktop application uses, recording what is asked of it. */
export function createFakeElectron(userData: string) {
  const windows: FakeWindow[] = [];
  const order: string[] = [];
  const app = Object.assign(new EventEmitter(), {
    isPackaged: false,
    setName: () => undefined,
    hasLock: true,
    requestSingleInstanceLock: () => app.hasLock,
    quit: () => void order.push('quit'),
    getPath: () => userData,
    whenReady: async () => void order.push('ready'),
  });
  class FakeWindow extends Emitter {
    static readonly getAllWindows = (): FakeWindow[] => windows;
    readonly webContents = new FakeContents();
    readonly loaded: string[] = [];
    focused = 0;
    constructor(readonly options: unknown) {
      super();
      windows.push(this);
      app.emit('web-contents-created', {}, this.webContents);
    }
    loadURL = async (url: string): Promise<void> => void this.loaded.push(url);
    maximize = (): void => undefined;
    show = (): void => undefined;
    isMinimized = (): boolean => false;
    restore = (): void => undefined;
    focus = (): number => ++this.focused;
    isMaximized = (): boolean => false;
    getNormalBounds = (): object => ({ x: 1, y: 2, width: 1000, height: 700 });
  }
  const handlers = new Map<string, Handler>();
  const schemes = new Map<string, Handler>();
  const permissions: { request?: Handler; check?: Handler } = {};
  const electron = {
    app,
    BrowserWindow: FakeWindow,
    dialog: {
      showOpenDialog: async () => ({ canceled: true, filePaths: [] }),
      showSaveDialog: async () => ({ canceled: true, filePath: '' }),
    },
    ipcMain: {
      handle: (channel: string, handler: Handler) => void handlers.set(channel, handler),
      removeHandler: (channel: string) => void handlers.delete(channel),
    },
    Menu: { setApplicationMenu: () => undefined, buildFromTemplate: () => ({}) },
    protocol: {
      registerSchemesAsPrivileged: () => void order.push('privileges'),
      handle: (scheme: string, handler: Handler) => void schemes.set(scheme, handler),
    },
    screen: {
      getPrimaryDisplay: () => ({ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }),
      getAllDisplays: () => [],
    },
    session: {
      defaultSession: {
        setPermissionRequestHandler: (handler: Handler) => (permissions.request = handler),
        setPermissionCheckHandler: (handler: Handler) => (permissions.check = handler),
      },
    },
  };
  return { electron, app, windows, handlers, schemes, permissions, order };
}
