import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  list,
  object,
  oneOf,
  optional,
  parse,
  positiveInteger,
  SchemaError,
  text,
} from '../../../src-shared/base/schema';
import { BACKENDS, TARGETS } from '../../../src-shared/domain/project/precision';
import { messageOf, readError } from '../../base/file-errors';

const projectSchema = object({
  /** Folder of the project, relative to this file. */
  path: text,
  /** These take precedence over the options of the command. */
  variants: optional(list(text)),
  backend: optional(oneOf(...BACKENDS)),
  target: optional(oneOf(...TARGETS)),
  limit: optional(positiveInteger),
  rounds: optional(positiveInteger),
});
const fileSchema = object({ version: oneOf(1), projects: list(projectSchema) });

type Listed = ReturnType<typeof parseProjects>[number];
/** One project of `calib run --projects`, with what its run does differently from the others. */
export interface ListedProject extends Omit<Listed, 'path'> {
  readonly projectPath: string;
}

/** Reads a file of several projects. @throws WorkbenchError not-found, usage */
export function readProjects(path: string): readonly ListedProject[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw readError(error, path, 'File of projects');
  }
  const projects = parseProjects(content, path);
  if (projects.length === 0) throw new WorkbenchError('usage', `${path} names no project`);
  return projects.map(({ path: own, ...options }) => ({ projectPath: resolve(dirname(path), own), ...options }));
}

function parseProjects(content: string, path: string) {
  try {
    return parse(fileSchema, JSON.parse(content)).projects;
  } catch (error) {
    if (!(error instanceof SchemaError) && !(error instanceof SyntaxError)) throw error;
    throw new WorkbenchError('usage', `${path}: ${messageOf(error)}`, {
      hint: 'A file of projects is {"version": 1, "projects": [{"path": "NAME.calib"}]}.',
    });
  }
}
