import type { ProjectFile } from '../../src-shared/domain/project/project';

/**
 * Names of the fields that hold a path, wherever in a request they are: the requests' own, and `path` and `labels` of the
 * set references that a restore carries.
 */
const PATH_FIELDS: ReadonlySet<string> = new Set([
  'modelPath',
  'calibrationPath',
  'validationPath',
  'labelsCsv',
  'projectPath',
  'outPath',
  'cachePath',
  'shardPaths',
  'againstPath',
  'path',
  'labels',
]);

export interface NamedPath {
  /** The field's name. */
  readonly field: string;
  readonly path: string;
}

/** Every path that a request names. */
export function requestPaths(request: unknown, field = ''): readonly NamedPath[] {
  if (typeof request === 'string') return PATH_FIELDS.has(field) ? [{ field, path: request }] : [];
  if (Array.isArray(request)) return request.flatMap((entry: unknown) => requestPaths(entry, field));
  if (typeof request !== 'object' || request === null) return [];
  return Object.entries(request).flatMap(([key, value]) => requestPaths(value, key));
}

/** The files and folders outside of itself that a project refers to. */
export function projectReferences(
  file: Pick<ProjectFile, 'model' | 'calibrationSet' | 'validationSet'>,
): readonly string[] {
  const sets = [file.calibrationSet, ...(file.validationSet ? [file.validationSet] : [])];
  return [file.model.path, ...sets.flatMap((set) => (set.labels === null ? [set.path] : [set.path, set.labels]))];
}
