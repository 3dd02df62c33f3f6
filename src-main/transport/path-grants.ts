import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, isAbsolute } from 'node:path';

/**
 * The files and folders that the other side of a link may name. Granting a folder grants everything below it. Paths are
 * compared after symbolic links are resolved, so that a link does not lead out of a grant.
 */
export class PathGrants {
  private readonly granted = new Set<string>();

  constructor(roots: readonly string[] = []) {
    for (const root of roots) this.grant(root);
  }

  grant(path: string): void {
    this.granted.add(realOf(resolve(path)));
  }

  isGranted(path: string): boolean {
    const real = realOf(resolve(path));
    return [...this.granted].some((root) => isWithin(root, real));
  }
}

/** True for a path in the same folder as another one: a project is created beside its model. */
export function isBeside(path: string, other: string): boolean {
  return dirname(realOf(resolve(path))) === dirname(realOf(resolve(other)));
}

/**
 * `path` with symbolic links resolved. For a path that does not exist yet, the nearest existing ancestor is resolved.
 */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realOf(parent), basename(path));
  }
}

function isWithin(root: string, path: string): boolean {
  const below = relative(root, path);
  return below === '' || (!isAbsolute(below) && below.split(/[\\/]/)[0] !== '..');
}
