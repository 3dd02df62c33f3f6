import { WorkbenchError } from '../../../src-shared/base/errors';
import { ShapeError } from '../../../src-shared/base/json-shape';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { projectFileShape } from '../../../src-shared/domain/project/project-shape';

/**
 * Reads a project of the current version; unknown fields are ignored. `source` names the file in messages. Throws
 * `project-invalid` with the path of the field (`preprocessing.resize.width`), what was expected and what was found.
 */
export function parseProject(value: unknown, source: string): ProjectFile {
  try {
    return projectFileShape(value, '');
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new WorkbenchError('project-invalid', `${source}: ${error.message}`, {
      hint: 'Restore the file from a backup, or make the project again with `calib init`.',
    });
  }
}
