import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { parse, SchemaError } from '../../../src-shared/base/schema';
import { manifestSchema, type PackageManifest } from '../../../src-shared/domain/packages/manifest';
import { readError, writeError } from '../../base/file-errors';
import { sha256OfFile } from '../../base/file-hash';
import { readStoredJson } from '../../base/json-file';
import { temporaryName } from '../../base/temporary-files';

const MANIFEST = 'manifest.json';
/** Checksums in the form of the program sha256sum. */
const CHECKSUMS = 'SHA256SUMS';

/**
 * Writes the files of a package into a temporary folder, which then gets the name of the package. A package of the same
 * name is replaced. @returns the files, relative to the folder, sorted
 * @throws WorkbenchError usage if the folder exists and is no package; unwritable, disk-full
 */
export async function writePackage<T>(
  dir: string,
  fill: (folder: string) => Promise<{ readonly manifest: PackageManifest; readonly value: T }>,
): Promise<{ readonly files: readonly string[]; readonly value: T }> {
  if (existsSync(dir) && readStoredJson(join(dir, MANIFEST), manifestSchema) === null)
    throw new WorkbenchError('usage', `${dir} exists and is no package, so that it is not replaced`, {
      hint: 'Name another folder with -o.',
    });
  const folder = join(dirname(dir), temporaryName(basename(dir)));
  try {
    await mkdir(folder, { recursive: true });
    const { manifest, value } = await fill(folder);
    await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
    const files = await filesIn(folder);
    const lines: string[] = [];
    for (const file of files) lines.push(`${await sha256OfFile(join(folder, file))}  ${file}\n`);
    await writeFile(join(folder, CHECKSUMS), lines.join(''));
    await rm(dir, { recursive: true, force: true });
    await rename(folder, dir);
    return { files: [...files, CHECKSUMS].sort(), value };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error instanceof WorkbenchError ? error : writeError(error, dir);
  }
}

/**
 * The manifest of a package whose files are as their checksums say.
 * @throws WorkbenchError not-found, package-invalid
 */
export async function readPackage(dir: string): Promise<PackageManifest> {
  const path = join(dir, MANIFEST);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path, 'Package', 'Name the folder of a package.');
  });
  try {
    const manifest = parse(manifestSchema, JSON.parse(text));
    await checkFiles(dir);
    return manifest;
  } catch (error) {
    if (error instanceof SchemaError || error instanceof SyntaxError)
      throw invalid(`${path} is no manifest of a package: ${error.message}`);
    throw error;
  }
}

async function checkFiles(dir: string): Promise<void> {
  const path = join(dir, CHECKSUMS);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path, 'Checksums of the package');
  });
  for (const line of text.trimEnd().split('\n')) {
    const [, sha256 = '', file = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (file === '' || file.split('/').includes('..')) throw invalid(`${path} has a line that is no checksum: ${line}`);
    const found = await sha256OfFile(join(dir, file)).catch(() => null);
    if (found === null) throw invalid(`${join(dir, file)} is missing or cannot be read`);
    if (found !== sha256)
      throw invalid(`${join(dir, file)} is not what ${CHECKSUMS} says: it is damaged or was changed`);
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .sort();
}

function invalid(message: string): WorkbenchError {
  return new WorkbenchError('package-invalid', message, {
    hint: 'Copy the whole folder again, or write the package again.',
  });
}
