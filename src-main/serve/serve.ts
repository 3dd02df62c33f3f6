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
  /** 0 chooses a free port. By default the usual port, or a free one if that is in use. */
  readonly port?: number;
  /**
   * The folder to which requests are confined; by default the folder of the project, or the home folder if there is no
   * project.
   */
  readonly root?: string;
  readonly maxUploadBytes?: number;
  /** Parent of the folder of uploads; by default the temporary folder of the system. */
  readonly uploadsParent?: string;
  /** Folder of the page; by default the page that was built with the application. */
  readonly rendererDir?: string;
}

export interface RunningServer {
  /** Address with the token, and with the project if one was given. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly root: string;
  readonly isLoopback: boolean;
  /** Ends all connections. @returns the folder of uploads that projects may refer to, or null if there are none */
  close(): Promise<string | null>;
}

/**
 * Starts serve mode. @throws WorkbenchError if the page was not built, the root does not exist or the port is in use
 */
export async function serve(api: WorkbenchApi, options: ServeOptions = {}): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const projectPath = options.projectPath === undefined ? null : resolve(options.projectPath);
  const root = resolve(options.root ?? (projectPath === null ? homedir() : dirname(projectPath)));
  if (!existsSync(root)) throw new WorkbenchError('not-found', `The root folder ${root} does not exist`);
  const rendererDir = options.rendererDir ?? builtPage();
  const grants = new PathGrants([root]);
  // Everything that the project on the command line refers to is granted.
  if (projectPath !== null) grantProject(await api.openProject({ projectPath }), grants);
  const uploadsParent = resolve(options.uploadsParent ?? tmpdir());
  const uploads = new Uploads(uploadsParent, options.maxUploadBytes ?? DEFAULT_MAX_UPLOAD_BYTES, root);
  // Removes the uploads of servers that were killed. Projects have their own copies.
  await sweep(uploadsParent);
  grants.grant(uploads.dir);

  let hosts: ReadonlySet<string> = new Set();
  const token = createToken();
  const confined = confineApi(keepUploads(api, uploads), {
    grants,
    checksReferences: true,
    hint: `This server opens only what is below ${root}; start it with another root folder to open more.`,
  });
  const server = createHttpServer({ api: confined, rendererDir, token, hosts: () => hosts, uploads, grants });
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
