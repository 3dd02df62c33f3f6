import { afterEach, describe, expect, it, vi } from 'vitest';
import type { UploadProgress } from '../../../../src-renderer/api/connection';
import { createUploads } from '../../../../src-renderer/api/upload';

afterEach(() => vi.unstubAllGlobals());

const fileEntry = (name: string, text: string) => ({
  name,
  isDirectory: false,
  file: (done: (file: File) => void) => done(new File([text], name)),
});

/** A folder that hands out one entry at a time, as browsers may. */
function folderEntry(name: string, children: readonly { readonly name: string }[]): FileSystemEntry {
  const createReader = () => {
    let next = 0;
    return { readEntries: (done: (part: unknown[]) => void) => done(next < children.length ? [children[next++]] : []) };
  };
  return { name, isDirectory: true, createReader } as unknown as FileSystemEntry;
}

describe('uploads', () => {
  it('sends a folder with its sub-folders, without hidden files, and names it by its place on the server', async () => {
    const sent: string[] = [];
    vi.stubGlobal('fetch', async (address: string) => {
      sent.push(new URL(address, 'http://x').searchParams.get('path') ?? '');
      return new Response(JSON.stringify({ path: '/up/b/x', folder: '/up/b' }));
    });
    const progress: UploadProgress[] = [];
    const entry = folderEntry('images', [
      folderEntry('day', [fileEntry('1.png', 'abc')]),
      fileEntry('.DS_Store', 'x'),
      fileEntry('2.png', 'de'),
    ]);
    const paths = await createUploads({ token: () => 't' }).pathsOf(
      [{ name: 'images', isFolder: true, file: null, entry }],
      { onProgress: (step) => progress.push(step) },
    );
    expect(sent).toEqual(['images/day/1.png', 'images/2.png']);
    expect(paths).toEqual(['/up/b/images']);
    expect(progress.map((step) => [step.doneFiles, step.doneBytes])).toEqual([
      [0, 0],
      [1, 3],
      [2, 5],
    ]);
  });

  it('sends single files into one folder', async () => {
    const sent: string[] = [];
    vi.stubGlobal('fetch', async (address: string) => {
      sent.push(new URL(address, 'http://x').searchParams.get('path') ?? '');
      return new Response(JSON.stringify({ path: '/up/b/x', folder: '/up/b' }));
    });
    const image = (name: string) => ({ name, isFolder: false, file: new File(['x'], name), entry: null });
    const paths = await createUploads({ token: () => 't' }).pathsOf([
      { name: 'images', isFolder: true, file: null, entry: null, content: [image('1.png'), image('2.png')] },
    ]);
    expect(sent).toEqual(['images/1.png', 'images/2.png']);
    expect(paths).toEqual(['/up/b/images']);
  });

  it('says which file the server refused, and why', async () => {
    vi.stubGlobal(
      'fetch',
      async () => new Response(JSON.stringify({ error: { message: 'Uploads are limited to 4 GB' } }), { status: 413 }),
    );
    const item = { name: 'a.onnx', isFolder: false, file: new File(['x'], 'a.onnx'), entry: null };
    await expect(createUploads({ token: () => 't' }).pathsOf([item])).rejects.toThrow(
      'a.onnx could not be sent: Uploads are limited to 4 GB',
    );
  });

  it('knows where the server proposes projects, once it has said so', async () => {
    vi.stubGlobal(
      'fetch',
      async () => new Response(JSON.stringify({ path: '/up/b/a.onnx', folder: '/up/b', projectsFolder: '/data' })),
    );
    const uploads = createUploads({ token: () => 't' });
    expect(uploads.projectsFolder?.()).toBeNull();
    await uploads.pathsOf([{ name: 'a.onnx', isFolder: false, file: new File(['x'], 'a.onnx'), entry: null }]);
    expect(uploads.projectsFolder?.()).toBe('/data');
  });

  it('does not send nothing', async () => {
    const item = { name: 'empty', isFolder: true, file: null, entry: folderEntry('empty', []) };
    await expect(createUploads({ token: () => 't' }).pathsOf([item])).rejects.toThrow('holds no files');
  });
});
