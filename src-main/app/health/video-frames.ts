import { spawn } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { cancelledError, WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { errnoOf, writeError } from '../../base/file-errors';
import { unfinishedFolder } from '../../base/temporary-files';

const VIDEO = new Set(['.mp4', '.m4v', '.mov', '.mkv', '.avi', '.webm', '.mpg', '.mpeg', '.ts', '.wmv', '.flv']);
/** Frames that are looked at; more would only repeat each other. */
const MOST_FRAMES = 5000;
const MESSAGE_BYTES = 4096;

export function isVideo(path: string): boolean {
  return VIDEO.has(extname(path).toLowerCase());
}

/**
 * Decodes frames of a video as PNG into a folder beside `base`, with the program ffmpeg of the PATH. Files are named by
 * their time in seconds. The caller removes the folder.
 * @throws WorkbenchError backend-unavailable without ffmpeg; images-empty if the file has no readable video; cancelled
 */
export async function videoFrames(
  path: string,
  { base, framesPerSecond }: { readonly base: string; readonly framesPerSecond: number },
  context: TaskContext,
): Promise<string> {
  const folder = unfinishedFolder(base);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
  context.onProgress?.({ phase: 'reading the video', done: 0, total: 0, unit: 'images' });
  try {
    await ffmpeg(
      [
        // A file that names others (a playlist) must not open connections.
        ...['-protocol_whitelist', 'file', '-i', `file:${path}`, '-map', '0:v:0'],
        ...['-vf', `fps=${framesPerSecond}`, '-frames:v', String(MOST_FRAMES), join(folder, '%06d.png')],
      ],
      path,
      context.signal,
    );
    const names = (await readdir(folder)).filter((name) => name.endsWith('.png')).sort();
    if (names.length === 0) throw new WorkbenchError('images-empty', `Expected frames in ${path}, found none`);
    for (const [i, name] of names.entries()) {
      const seconds = (i / framesPerSecond).toFixed(3).padStart(10, '0');
      await rename(join(folder, name), join(folder, `${seconds}s.png`));
    }
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function ffmpeg(args: readonly string[], path: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'error', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const stop = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', stop, { once: true });
    let message = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      message = `${message}${text}`.slice(-MESSAGE_BYTES);
    });
    child.on('error', (error) => {
      reject(errnoOf(error) === 'ENOENT' ? missingProgram(path, error) : error);
    });
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(cancelledError());
      else if (code === 0) resolve();
      else {
        const reason = message.trim().split('\n').at(-1) ?? `code ${String(code)}`;
        reject(new WorkbenchError('images-empty', `ffmpeg cannot read ${path}: ${reason}`));
      }
    });
  });
}

function missingProgram(path: string, cause: Error): WorkbenchError {
  return new WorkbenchError(
    'backend-unavailable',
    `The video ${path} needs the program ffmpeg, which is not on the PATH`,
    {
      hint:
        'Install it (Debian and Ubuntu: apt-get install ffmpeg; macOS: brew install ffmpeg; Windows: winget install ' +
        'ffmpeg), or name a folder of frames.',
      cause,
    },
  );
}
