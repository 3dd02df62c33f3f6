import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { parse, SchemaError } from '../../../src-shared/base/schema';
import { projectFileSchema, type ProjectFile } from '../../../src-shared/domain/project/project';

/**
 * Reads a project of the current version; unknown fields are dropped. `source` names the file in messages. Throws
 * `project-invalid` with the path of the field (`preprocessing.resize.width`), what was expected and what was found.
 */
export function parseProject(value: unknown, source: string): ProjectFile {
  try {
    return parse(projectFileSchema, value);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new WorkbenchError('project-invalid', `${source}: ${error.message}`, {
      hint: advise('make-project-again'),
    });
  }
}
