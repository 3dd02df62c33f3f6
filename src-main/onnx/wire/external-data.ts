import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';

/** The external_data entries of a tensor, as text. */
export interface ExternalEntry {
  readonly location: string;
  readonly offset: string | undefined;
  readonly length: string | undefined;
}

export interface ExternalRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Finds the external data of one model. Files must lie in the model's folder: names with `..`, absolute names and links
 * that lead elsewhere are refused, because models are untrusted (ONNX IR, "External Tensor Data"). A link is followed
 * when the model itself is a link into the same folder, as in download caches.
 */
export class ExternalDataResolver {
  private readonly sizes = new Map<string, number>();
  private readonly dir: string;

  constructor(private readonly modelPath: string) {
    this.dir = dirname(resolve(modelPath));
  }

  /** @param neededBytes size of the tensor by type and shape; null when unknown (then `length` must be given). */
  resolve(entry: ExternalEntry, tensorName: string, neededBytes: number | null): ExternalRange {
    const where = `Tensor "${tensorName}" of ${this.modelPath}`;
    const path = this.checkedPath(entry.location, where);
    const sizeBytes = this.fileSize(path, where);
    const offset = parseCount(entry.offset, 'offset', where) ?? 0;
    const length = parseCount(entry.length, 'length', where) ?? neededBytes ?? sizeBytes - offset;
    if (neededBytes !== null && length !== neededBytes) {
      throw new WorkbenchError(
        'model-invalid',
        `${where} needs ${neededBytes} bytes by its type and shape, but its external data has ${length}`,
      );
    }
    if (offset + length > sizeBytes) {
      const expected = `expected at least ${offset + length} bytes in ${path}, found ${sizeBytes}`;
      throw new WorkbenchError('model-invalid', `${where} lies beyond the end of its external data file: ${expected}`, {
        hint: 'The weights file may be truncated. Copy or download it again.',
      });
    }
    return { path, offset, length };
  }

  private checkedPath(location: string, where: string): string {
    const parts = location.split(/[\\/]/);
    if (
      location === '' ||
      location.includes('\0') ||
      isAbsolute(location) ||
      /^[A-Za-z]:/.test(location) ||
      location.startsWith('\\') ||
      parts.includes('..')
    ) {
      throw outside(location, where);
    }
    return join(this.dir, location);
  }

  private fileSize(path: string, where: string): number {
    const known = this.sizes.get(path);
    if (known !== undefined) return known;
    let real: string;
    try {
      real = realpathSync(path);
    } catch (error) {
      throw new WorkbenchError('not-found', `${where} has its data in ${path}, which does not exist`, {
        hint:
          'A model with external data needs its weights file beside it, under the same name as when it was ' +
          'exported.',
        cause: error,
      });
    }
    const roots = [realpathSync(this.dir), dirname(realpathSync(this.modelPath))];
    if (!roots.some((root) => isInside(real, root))) throw outside(path, where);
    const stat = statSync(real);
    if (!stat.isFile())
      throw new WorkbenchError('model-invalid', `${where} has its data in ${path}, which is not a regular file`);
    this.sizes.set(path, stat.size);
    return stat.size;
  }
}

function isInside(path: string, root: string): boolean {
  const rest = relative(root, path);
  return rest !== '' && rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest);
}

function outside(location: string, where: string): WorkbenchError {
  return new WorkbenchError(
    'model-invalid',
    `${where} has its data in "${location}", expected a file inside the model's folder`,
    {
      hint: 'External data must lie beside the model or in a folder below it.',
    },
  );
}

function parseCount(text: string | undefined, what: string, where: string): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value))
    throw new WorkbenchError(
      'model-invalid',
      `${where}: expected a number of bytes as external data ${what}, found "${text}"`,
    );
  return value;
}
