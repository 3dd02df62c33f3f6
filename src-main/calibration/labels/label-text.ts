import { readFile, stat } from 'node:fs/promises';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatBytes } from '../../../src-shared/base/units';
import { readError } from '../../base/file-errors';
import { requireAllowedPath } from '../../base/path-policy';
import { decodeText } from './csv-text';

/** Largest class index: a higher number in a file is a mistake, and lists are made by class index. */
export const MAX_CLASS = 1e6;
/** Most boxes of a set. At about 100 bytes each, they take 2 GB. */
export const MAX_BOXES = 20e6;

/** An error about a file of boxes or masks; the message names the file. */
export function truthInvalid(message: string, hint: string): WorkbenchError {
  return new WorkbenchError('labels-invalid', message, { hint });
}

/** The text of a small file of labels. @throws WorkbenchError not-found, labels-invalid, usage */
export async function readLabelText(path: string, maxBytes: number): Promise<string> {
  requireAllowedPath(path);
  try {
    const { size } = await stat(path);
    if (size > maxBytes)
      throw truthInvalid(
        `Expected a labels file of at most ${formatBytes(maxBytes)}, found ${formatBytes(size)} in ${path}`,
        'Give one file for each image.',
      );
    return decodeText(await readFile(path));
  } catch (error) {
    throw error instanceof WorkbenchError ? error : readError(error, path, 'Labels file');
  }
}
