import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import { packageRoot } from '../base/package-info';
import { sweep } from '../base/temporary-files';
import { confineApi, grantProject } from '../transport/confined-api';
import { allowedHosts, createToken, hostInUrl, isLoopback } from '../transport/http-checks';
import { PathGrants } from '../transport/path-grants';
import { hostNames, listenAnywhere, shownHost } from './address';
import { createHttpServer } from './http-server';
import { keepUploads } from './keep-uploads';
import { Uploads } from './uploads';

export const DEFAULT_MAX_UPLOAD_BYTES = 4e9;

export interface ServeOptions {
  readonly projectPath?: string;
  readonly host?: string;
  /** 0 takes a free one; absent takes the usual one, or a free one while that is in use. */
  readonly port?: number;
  /** The folder that requests are confined to; default: that of the project, else the home folder. */
  readonly root?: string;
  readonly maxUploadBytes?: number;
  /** Where the folder of uploads is made; default: the system's temporary folder. */
  readonly uploadsParent?: string;
  /** Default: the page that was built with the application. */
  readonly rendererDir?: string;
}

export interface RunningServer {
  /** With the token, and the project when one was named. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly root: string;
  readonly isLoopback: boolean;
  /** Ends all connections. @returns the folder of uploads that projects may refer to, or null when there are none. */
  close(): Promise<string | null>;
}

/** Starts serve mode. @throws WorkbenchError when the page is not built, the root is absent or the port is taken */
export async function serve(api: WorkbenchApi, options: ServeOptions = {}): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const projectPath = options.projectPath === undefined ? null : resolve(options.projectPath);
  const root = resolve(options.root ?? (projectPath === null ? homedir() : dirname(projectPath)));
  if (!existsSync(root)) throw new WorkbenchError('not-found', `The folder ${root} of --root does not exist`);
  const rendererDir = options.rendererDir ?? builtPage();
  const grants = new PathGrants([root]);
  // The project that was named on the command line is trusted with all it refers to.
  if (projectPath !== null) grantProject(await api.openProject({ projectPath }), grants);
  const uploadsParent = resolve(options.uploadsParent ?? tmpdir());
  const uploads = new Uploads(uploadsParent, options.maxUploadBytes ?? DEFAULT_MAX_UPLOAD_BYTES, root);
  // What a server that was killed had received; projects keep copies of their own.
  await sweep(uploadsParent);
  grants.grant(uploads.dir);

  let hosts: ReadonlySet<string> = new Set();
  const token = createToken();
  const confined = confineApi(keepUploads(api, uploads), {
    grants,
    checksReferences: true,
    hint: `This server opens only what is below ${root}; start it with --root DIR for another folder.`,
  });
  const server = createHttpServer({ api: confined, rendererDir, token, hosts: () => hosts, uploads });
  const port = await listenAnywhere(server, host, options.port);
  hosts = allowedHosts(hostNames(host), port);
  const query = new URLSearchParams({ token, ...(projectPath === null ? {} : { project: projectPath }) });
  return {
    url: `http://${hostInUrl(shownHost(host))}:${port}/?${query.toString()}`,
    port,
    token,
    root,
    isLoopback: isLoopback(host),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      return (await uploads.close()) ? uploads.dir : null;
    },
  };
}

function builtPage(): string {
  const dir = join(packageRoot(), 'out/renderer');
  if (existsSync(join(dir, 'index.html'))) return dir;
  throw new WorkbenchError('not-found', `The page is not built: ${dir} has no index.html`, {
    hint: 'Run: npm run build:app',
  });
}
