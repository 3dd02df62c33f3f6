import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Workspace } from './workspace';

/**
 * Refuses to write over the project's model and over anything inside a project's folder. Other files are replaced
 * without asking, as compilers do. @throws WorkbenchError usage
 */
export function checkOutputPath(outPath: string, workspace: Pick<Workspace, 'file' | 'path'>): void {
  const real = realPlace(outPath);
  if (real === realPlace(workspace.file.model.path)) {
    throw new WorkbenchError('usage', `${outPath} is the model of the project; writing there would replace it`, {
      hint: 'Name another file with -o.',
    });
  }
  const inside = real
    .split(sep)
    .slice(0, -1)
    .find((part) => part.endsWith('.calib'));
  if (inside !== undefined || real.startsWith(`${realPlace(workspace.path)}${sep}`)) {
    throw new WorkbenchError(
      'usage',
      `${outPath} lies inside the project ${inside ?? basename(workspace.path)}, which holds what the project needs`,
      { hint: 'Name a place outside of it with -o.' },
    );
  }
}

/** The path with symbolic links resolved in the part of it that exists. */
function realPlace(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPlace(parent), basename(absolute));
  }
}
