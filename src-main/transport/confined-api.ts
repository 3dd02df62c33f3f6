import { readdirSync, statSync, type Dirent } from 'node:fs';
import { dirname, join } from 'node:path';
import { API_METHODS, type WorkbenchApi } from '../../src-shared/contract/api';
import { pathsIn, type MarkedPath } from '../../src-shared/base/marked-paths';
import {
  requestPaths,
  type ApiMethod,
  type CreateProjectRequest,
  type RequestOf,
} from '../../src-shared/contract/requests';
import { projectFileSchema, type ProjectFile } from '../../src-shared/domain/project/project';
import type { ProjectView } from '../../src-shared/contract/views';
import { WorkbenchError } from '../../src-shared/base/errors';
import { fileOfImageId } from '../../src-shared/domain/project/image-set';
import { withPathPolicy } from '../base/path-policy';
import { isBeside, type PathGrants } from './path-grants';

export interface Confinement {
  readonly grants: PathGrants;
  /**
   * True: a project may only refer to granted paths (a server that is confined to a folder). False: all paths that an
   * allowed project refers to are granted with it (on the desktop, where the projects belong to the user).
   */
  readonly checksReferences: boolean;
  /** What the user can do about a refusal: `Start the server with another root folder to open more.` */
  readonly hint: string;
}

type Call = (request: unknown) => Promise<unknown>;

/**
 * The API for a client whose paths are not trusted. A call that names a path that was not granted fails with `usage`.
 */
export function confineApi(api: WorkbenchApi, confinement: Confinement): WorkbenchApi {
  const admitted = new Map<string, string>();
  const admit = (projectPath: string): Promise<void> => admitProject(projectPath, api, { ...confinement, admitted });
  const methods = Object.fromEntries(API_METHODS.map((method) => [method, confined(method, api, confinement, admit)]));
  return {
    ...(methods as unknown as Omit<WorkbenchApi, 'subscribe'>),
    subscribe: (listener) => api.subscribe(listener),
  };
}

function confined(
  method: ApiMethod,
  api: WorkbenchApi,
  confinement: Confinement,
  admit: (projectPath: string) => Promise<void>,
): Call {
  const { grants, checksReferences, hint } = confinement;
  const plain: Call = (request) => (api[method] as Call).call(api, request);
  // The targets of lists and of links in folders are checked when they are read. The sample contains only files of the
  // application itself.
  const call: Call =
    checksReferences && method !== 'openSample'
      ? (request) => withPathPolicy({ isAllowed: (path) => grants.isGranted(path), hint }, () => plain(request))
      : plain;
  return async (request) => {
    const paths = requestPaths(method, request);
    for (const marked of paths) checkMarked(method, marked, request, confinement);
    const project = paths.find(({ role }) => role === 'project')?.path;
    if (project !== undefined) await admit(project);
    if (method === 'getThumbnail' || method === 'getPreview' || method === 'getImageAnswers')
      await checkPicture(request as RequestOf<typeof method>, api, confinement);
    return admitReply(method, await call(request), confinement);
  };
}

function checkMarked(
  method: ApiMethod,
  { role, path }: MarkedPath,
  request: unknown,
  { grants, checksReferences, hint }: Confinement,
): void {
  if (grants.isGranted(path)) return;
  // On the desktop a new project may be created beside the model that was opened. A server is confined to its folder.
  if (
    method === 'createProject' &&
    role === 'write' &&
    !checksReferences &&
    isBeside(path, (request as CreateProjectRequest).modelPath)
  )
    return;
  throw new WorkbenchError('usage', `${path} is not among the files and folders that may be opened here`, { hint });
}

/** A list, or a link in a folder, may lead to an image outside of the granted folders. Its picture is refused. */
async function checkPicture(
  { projectPath, set, imageId }: RequestOf<'getThumbnail' | 'getPreview' | 'getImageAnswers'>,
  api: WorkbenchApi,
  { grants, checksReferences, hint }: Confinement,
): Promise<void> {
  if (!checksReferences) return;
  const { file } = await api.openProject({ projectPath, remembers: false });
  const root = (set === 'calibration' ? file.calibrationSet : file.validationSet)?.path;
  if (root === undefined) return;
  const folder = statSync(root, { throwIfNoEntry: false })?.isDirectory() === true ? root : dirname(root);
  const path = join(folder, fileOfImageId(imageId));
  if (!grants.isGranted(path))
    throw new WorkbenchError('usage', `${imageId} lies outside of the files and folders that may be opened here`, {
      hint,
    });
}

/** The files and folders outside of the project that it refers to. */
function projectReferences(file: ProjectFile): readonly string[] {
  return pathsIn(projectFileSchema, file).map(({ path }) => path);
}

interface Admission extends Confinement {
  /** Project -> state of its file at the time when its references were checked. */
  readonly admitted: Map<string, string>;
}

/** Checks that a granted project does not lead out of a confined server. */
async function admitProject(
  projectPath: string,
  api: WorkbenchApi,
  { grants, checksReferences, hint, admitted }: Admission,
): Promise<void> {
  if (!checksReferences) return;
  const link = linkOutside(projectPath, grants);
  if (link !== null)
    throw new WorkbenchError(
      'usage',
      `The project ${projectPath} holds the link ${link}, which leads outside of the files and folders that ` +
        'may be opened here',
      { hint },
    );
  const state = fileState(join(projectPath, 'project.json'));
  if (state !== null && admitted.get(projectPath) === state) return;
  const { file } = await api.openProject({ projectPath, remembers: false });
  const outside = projectReferences(file).find((path) => !grants.isGranted(path));
  if (outside !== undefined) {
    throw new WorkbenchError(
      'usage',
      `The project ${projectPath} refers to ${outside}, which is not among the files and folders that may be ` +
        'opened here',
      { hint },
    );
  }
  if (state !== null) admitted.set(projectPath, state);
}

/**
 * The first symbolic link in a folder, at any level, that leads to a path that is not granted. Reading or writing the
 * project would follow it.
 */
function linkOutside(dir: string, grants: PathGrants): string | null {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch {
    return null; // the folder does not exist; the application reports this
  }
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isSymbolicLink() && !grants.isGranted(path)) return path;
    const below = entry.isDirectory() ? linkOutside(path, grants) : null;
    if (below !== null) return below;
  }
  return null;
}

function fileState(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
}

/** Grants the paths in answers of the application, so that the client may name them from then on. */
function admitReply(method: ApiMethod, reply: unknown, { grants, checksReferences }: Confinement): unknown {
  switch (method) {
    case 'openSample':
      // Its folder is granted as well, because exported files are written there.
      grants.grant(dirname((reply as ProjectView).path));
      grantProject(reply as ProjectView, grants);
      return reply;
    case 'createProject':
    case 'openProject':
    case 'editProject':
      if (!checksReferences) grantProject(reply as ProjectView, grants);
      return reply;
    case 'listRecentProjects': {
      const recent = reply as Awaited<ReturnType<WorkbenchApi['listRecentProjects']>>;
      if (checksReferences) return recent.filter(({ path }) => grants.isGranted(path));
      for (const { path } of recent) grants.grant(path);
      return recent;
    }
    default:
      return reply;
  }
}

/** Grants a project and all paths that it refers to. */
export function grantProject(view: ProjectView, grants: PathGrants): void {
  for (const path of [view.path, ...projectReferences(view.file)]) grants.grant(path);
}
