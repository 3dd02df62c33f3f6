import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { errnoOf } from '../../base/file-errors';
import { isLeftover, temporaryName } from '../../base/temporary-files';
import { userCacheDir } from '../../base/user-folders';
import { decoderVersions, type DecoderVersions } from '../images/sharp-library';
import { decodeFittedImage, encodeFittedImage } from './image-cache-file';
import type { FittedImage } from './fit-image';

const DEFAULT_LIMIT_BYTES = 4e9;
/** A smaller file counts as this much, so that the number of files is limited, too. */
const LEAST_BYTES = 32 * 1024;
/** When room is made, so much of the limit is freed. */
const FREED_SHARE = 0.1;
/** Space that the cache leaves free on its disk. */
const RESERVED_BYTES = 2e9;
/** Smaller files are written at once: that takes less time than handing them to another thread. */
const SYNC_WRITE_BYTES = 64 * 1024;

/** The cache as one pass over images uses it. Plain data, so that it can be sent to worker threads. */
export interface ImageCacheHandle {
  readonly dir: string;
  readonly limitBytes: number;
  /** Images that were used since then are not removed. Milliseconds since 1970. */
  readonly startedMs: number;
  /** See Room. */
  readonly room: SharedArrayBuffer;
}

/** Folder of the cached images of this user. */
export function imageCacheDir(): string {
  return join(userCacheDir(), 'images');
}

/**
 * Largest size of the cache in bytes: the environment variable CALIB_CACHE_GB, or 4 GB; 0 switches the cache off.
 * @throws WorkbenchError usage
 */
export function imageCacheLimit(setting = process.env['CALIB_CACHE_GB']): number {
  if (setting === undefined || setting.trim() === '') return DEFAULT_LIMIT_BYTES;
  const gigabytes = Number(setting);
  if (gigabytes >= 0 && Number.isFinite(gigabytes)) return gigabytes * 1e9;
  throw new WorkbenchError('usage', `Expected CALIB_CACHE_GB to be a number of 0 or more, found "${setting}"`);
}

/** A new pass; null if the cache is switched off. */
export function openImageCache(dir = imageCacheDir(), limitBytes = imageCacheLimit()): ImageCacheHandle | null {
  if (limitBytes === 0) return null;
  return { dir, limitBytes, startedMs: Date.now(), room: Room.shared() };
}

let ofThread: ImageCache | null = null;

/** Sets the cache of this thread. Without one, every image is decoded. */
export function useImageCache(handle: ImageCacheHandle | null): void {
  ofThread = handle === null ? null : new ImageCache(handle);
}

export function imageCache(): ImageCache | null {
  return ofThread;
}

/**
 * Fitted images on disk, one file per image, so that no pass over the same images decodes them again. Several processes
 * may use one folder: a file gets its name when it is complete, and a file that is damaged or disappears is made again.
 * If nothing can be written, images are decoded as without a cache.
 */
export class ImageCache {
  private readonly room: Room;
  private decoders: DecoderVersions | undefined;

  constructor(private readonly handle: ImageCacheHandle) {
    this.room = new Room(handle);
  }

  /** Of the libraries that decode images. */
  get versions(): DecoderVersions {
    return (this.decoders ??= decoderVersions());
  }

  /** null if the image is not there. */
  get(key: string): FittedImage | null {
    const path = this.pathOf(key);
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      return null;
    }
    try {
      const stats = fstatSync(file);
      const bytes = Buffer.allocUnsafe(stats.size);
      const image = readSync(file, bytes) === stats.size ? decodeFittedImage(bytes) : null;
      if (image === null) rmSync(path, { force: true });
      else this.touch(path, stats);
      return image;
    } catch {
      return null;
    } finally {
      closeSync(file);
    }
  }

  /** Stores an image if there is room for it. Never fails. */
  async put(key: string, image: FittedImage): Promise<void> {
    const path = this.pathOf(key);
    try {
      const bytes = encodeFittedImage(image);
      if (!this.room.take(bytes.length)) return;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const temporary = join(dirname(path), temporaryName(basename(path)));
      if (bytes.length <= SYNC_WRITE_BYTES) {
        writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o600 });
        renameSync(temporary, path);
        return;
      }
      try {
        await writeFile(temporary, bytes, { flag: 'wx', mode: 0o600 });
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    } catch (error) {
      // The disk is full, or the folder cannot be written: the pass goes on without storing images.
      if (errnoOf(error) !== null) this.room.close();
      else throw error;
    }
  }

  private pathOf(key: string): string {
    return join(this.handle.dir, key.slice(0, 2), key.slice(2));
  }

  /** The time of a file is that of its last use. */
  private touch(path: string, { mtimeMs }: Stats): void {
    if (mtimeMs >= this.handle.startedMs) return;
    const now = Date.now() / 1000;
    try {
      utimesSync(path, now, now);
    } catch {
      return; // Another user's file, or it was removed meanwhile.
    }
  }
}

/** States of a room; a new one is in state 0, because its folder was not looked through yet. */
const SCANNING = 1;
const KNOWN = 2;
const CLOSED = 3;

/**
 * The space that a pass may still fill, shared by its threads. The folder is looked through when the first image is
 * stored, and again when the space is used up: the images that were not used for longest are then removed, but none
 * that was used in this pass. A set that is larger than the limit therefore keeps the images that fit, instead of
 * replacing each one before its next use.
 */
class Room {
  private readonly state: Int32Array;
  private readonly bytesLeft: BigInt64Array;

  constructor(private readonly handle: ImageCacheHandle) {
    this.bytesLeft = new BigInt64Array(handle.room, 0, 1);
    this.state = new Int32Array(handle.room, 8, 1);
  }

  static shared(): SharedArrayBuffer {
    return new SharedArrayBuffer(16);
  }

  /** Whether so many bytes may be stored; they are then taken. */
  take(bytes: number): boolean {
    const wanted = BigInt(Math.max(bytes, LEAST_BYTES));
    for (;;) {
      const state = Atomics.load(this.state, 0);
      if (state === CLOSED) return false;
      if (state === SCANNING) {
        Atomics.wait(this.state, 0, SCANNING);
        continue;
      }
      if (state === KNOWN) {
        if (Atomics.sub(this.bytesLeft, 0, wanted) >= wanted) return true;
        Atomics.add(this.bytesLeft, 0, wanted);
      }
      if (Atomics.compareExchange(this.state, 0, state, SCANNING) === state) this.scan(Number(wanted));
    }
  }

  close(): void {
    Atomics.store(this.state, 0, CLOSED);
  }

  private scan(wanted: number): void {
    let next = CLOSED;
    try {
      const left = makeRoom(this.handle, wanted);
      Atomics.store(this.bytesLeft, 0, BigInt(Math.floor(left)));
      if (left >= wanted) next = KNOWN;
    } finally {
      Atomics.store(this.state, 0, next);
      Atomics.notify(this.state, 0);
    }
  }
}

interface CachedFile {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** The bytes that may be added, after old images were removed if there was no room for `wanted` bytes. */
function makeRoom({ dir, limitBytes, startedMs }: ImageCacheHandle, wanted: number): number {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const files = cachedFiles(dir);
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize - RESERVED_BYTES;
  const left = (): number => Math.min(limitBytes - total, free);
  if (left() >= wanted) return left();
  const target = limitBytes * (1 - FREED_SHARE) - wanted;
  for (const { path, bytes } of files.filter(({ usedMs }) => usedMs < startedMs).sort((a, b) => a.usedMs - b.usedMs)) {
    if (total <= target) break;
    rmSync(path, { force: true });
    total -= bytes;
  }
  return left();
}

/** The images in the folder. Temporary files of ended processes are removed. */
function cachedFiles(dir: string): CachedFile[] {
  return namesIn(dir).flatMap((folder) =>
    namesIn(join(dir, folder)).flatMap((name): CachedFile[] => {
      const path = join(dir, folder, name);
      if (isLeftover(name)) rmSync(path, { force: true });
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats === undefined) return [];
      return [{ path, bytes: Math.max(stats.size, LEAST_BYTES), usedMs: stats.mtimeMs }];
    }),
  );
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // not a folder, or removed meanwhile
  }
}

/** What the cache holds now. */
export function imageCacheUse(dir = imageCacheDir()): { readonly images: number; readonly bytes: number } {
  const files = cachedFiles(dir);
  return { images: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Removes all images. Passes that run at the same time decode the images that they need. */
export function clearImageCache(dir = imageCacheDir()): void {
  rmSync(dir, { recursive: true, force: true });
}
