import { WorkbenchError } from '../../src-shared/base/errors';
import type { DroppedItem, FileAccess, UploadProgress } from './connection';
import { refusalOf } from './http-link';

interface UploadFile {
  /** Path relative to the drop, with forward slashes; it begins with the name of the dropped folder. */
  readonly path: string;
  readonly file: File;
}

/** Uploads dropped files and folders to the server and returns their paths on the server. */
export function createUploads(options: { readonly token: () => string; readonly baseUrl?: string }): FileAccess {
  const { token, baseUrl = '' } = options;
  let projectsFolder: string | null = null;
  const sendOne = async (
    batch: string,
    { path, file }: UploadFile,
    signal: AbortSignal | undefined,
  ): Promise<string> => {
    const query = new URLSearchParams({ batch, path });
    const response = await fetch(`${baseUrl}/api/upload?${query.toString()}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token()}`, 'Content-Type': 'application/octet-stream' },
      body: file,
      ...(signal === undefined ? {} : { signal }),
    });
    if (!response.ok) throw new WorkbenchError('unwritable', `${path} could not be sent: ${await refusalOf(response)}`);
    const answer: unknown = await response.json();
    const field = (name: string): unknown =>
      typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : null;
    const folder = field('folder');
    if (typeof folder !== 'string') throw new WorkbenchError('internal', `The server did not say where it put ${path}`);
    const proposed = field('projectsFolder');
    if (typeof proposed === 'string') projectsFolder = proposed;
    return folder;
  };

  const download = async (path: string): Promise<void> => {
    const query = new URLSearchParams({ path });
    const response = await fetch(`${baseUrl}/api/download?${query.toString()}`, {
      headers: { Authorization: `Bearer ${token()}` },
    });
    if (!response.ok)
      throw new WorkbenchError('not-found', `${path} could not be downloaded: ${await refusalOf(response)}`);
    const isFolder = response.headers.get('Content-Type') === 'application/x-tar';
    saveAs(await response.blob(), `${path.split(/[\\/]/).at(-1) ?? 'export'}${isFolder ? '.tar' : ''}`);
  };

  return {
    choose: null,
    download,
    projectsFolder: () => projectsFolder,
    pathsOf: async (items, { onProgress, signal } = {}) => {
      const files = (await Promise.all(items.map(filesOf))).flat();
      if (files.length === 0) throw new WorkbenchError('usage', 'What was dropped holds no files');
      const batch = crypto.randomUUID();
      const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0);
      let progress: UploadProgress = { doneFiles: 0, totalFiles: files.length, doneBytes: 0, totalBytes };
      let folder = '';
      onProgress?.(progress);
      for (const upload of files) {
        folder = await sendOne(batch, upload, signal);
        progress = { ...progress, doneFiles: progress.doneFiles + 1, doneBytes: progress.doneBytes + upload.file.size };
        onProgress?.(progress);
      }
      return items.map((item) => `${folder}/${item.name}`);
    },
  };
}

function saveAs(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the content after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function filesOf(item: DroppedItem): Promise<readonly UploadFile[]> {
  if (item.content !== undefined)
    return (await Promise.all(item.content.map(filesOf)))
      .flat()
      .map(({ path, file }) => ({ path: `${item.name}/${path}`, file }));
  if (item.entry?.isDirectory === true) return folderFiles(item.entry as FileSystemDirectoryEntry, item.name);
  return item.file === null ? [] : [{ path: item.name, file: item.file }];
}

/** All files below a folder, except hidden ones. */
async function folderFiles(folder: FileSystemDirectoryEntry, path: string): Promise<UploadFile[]> {
  const files: UploadFile[] = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.name.startsWith('.')) continue;
    const entryPath = `${path}/${entry.name}`;
    if (entry.isDirectory) files.push(...(await folderFiles(entry as FileSystemDirectoryEntry, entryPath)));
    else files.push({ path: entryPath, file: await fileOf(entry as FileSystemFileEntry) });
  }
  return files;
}

/** The browser returns the entries of a folder in batches; an empty batch marks the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return all;
    all.push(...part);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
