import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { SetName } from '../../../src-shared/contract/requests';
import type { Picture } from '../../../src-shared/contract/views';
import { useSession } from '../../state/session';

/** Size in CSS pixels of one grid cell: a thumbnail with its name and the gap around it. */
const CELL_WIDTH = 104;
export const CELL_HEIGHT = 122;
const PICTURE_SIDE = 92;

export function columnsIn(width: number): number {
  return Math.max(1, Math.floor(width / CELL_WIDTH));
}

export function rowsFor(count: number, columns: number): number {
  return Math.ceil(count / columns);
}

/**
 * The index of the cell that a key moves to in a grid of `count` cells, never beyond the edges; null for other keys.
 */
export function walkGrid(
  key: string,
  from: number,
  grid: { readonly count: number; readonly columns: number; readonly pageRows: number },
): number | null {
  const { count, columns, pageRows } = grid;
  if (count === 0) return null;
  const step = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    PageDown: columns * pageRows,
    PageUp: -columns * pageRows,
  }[key];
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  if (step === undefined) return null;
  const target = from + step;
  if (target < 0) return Math.abs(step) === 1 ? 0 : from % columns;
  // Moving down from the last but one row selects the last image if the last row is shorter.
  return Math.min(count - 1, target);
}

/** Creates an object URL of the picture. The caller must revoke it. */
export function pictureUrl(picture: Picture): string {
  // Copy the bytes, because received bytes may be a view of a larger buffer.
  return URL.createObjectURL(new Blob([new Uint8Array(picture.bytes)], { type: 'image/png' }));
}

type Thumbnail =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly url: string }
  | { readonly state: 'failed'; readonly message: string };

interface ThumbnailSource {
  readonly load: (key: string) => Promise<Picture>;
  /** Creates an object URL of a picture, and revokes it. */
  readonly createUrl: (picture: Picture) => string;
  readonly revokeUrl: (url: string) => void;
}

interface Entry {
  thumbnail: Thumbnail;
  users: number;
  readonly listeners: Set<() => void>;
}

const LOADING: Thumbnail = { state: 'loading' };
/**
 * The largest number of simultaneous requests. More would wait in the browser's queue, where they cannot be cancelled.
 */
const MAX_AT_ONCE = 4;
/** The largest number of unused pictures that are kept, in case the user scrolls back. */
const MAX_UNUSED = 400;

/**
 * Cache of the visible thumbnails. Pictures are loaded in the order of the requests, kept for a while after they have
 * left the view, and then revoked. A request that is withdrawn before it is sent (because the user scrolls on) is never
 * sent.
 */
export class ThumbnailCache {
  private readonly entries = new Map<string, Entry>();
  private waiting: string[] = [];
  private active = 0;

  constructor(private readonly source: ThumbnailSource) {}

  get(key: string): Thumbnail {
    return this.entries.get(key)?.thumbnail ?? LOADING;
  }

  /** Requests a picture; `listener` is called when it has arrived. @returns a function that withdraws the request. */
  use(key: string, listener: () => void): () => void {
    const entry = this.entries.get(key) ?? this.add(key);
    entry.users += 1;
    entry.listeners.add(listener);
    this.pump();
    return () => {
      entry.users -= 1;
      entry.listeners.delete(listener);
      if (entry.users === 0) this.release(key, entry);
    };
  }

  /** Revokes all object URLs. */
  close(): void {
    this.waiting = [];
    for (const key of [...this.entries.keys()]) this.drop(key);
  }

  private add(key: string): Entry {
    const entry: Entry = { thumbnail: LOADING, users: 0, listeners: new Set() };
    this.entries.set(key, entry);
    this.waiting.push(key);
    return entry;
  }

  private release(key: string, entry: Entry): void {
    if (this.entries.get(key) !== entry) return;
    // Move the entry to the end, so that the map is ordered by last use.
    this.entries.delete(key);
    if (entry.thumbnail.state === 'loading' && this.waiting.includes(key)) {
      this.waiting = this.waiting.filter((waiting) => waiting !== key);
      return;
    }
    this.entries.set(key, entry);
    const unused = [...this.entries]
      .filter(([, candidate]) => candidate.users === 0 && candidate.thumbnail.state !== 'loading')
      .map(([name]) => name);
    for (const name of unused.slice(0, Math.max(0, unused.length - MAX_UNUSED))) this.drop(name);
  }

  private drop(key: string): void {
    const thumbnail = this.entries.get(key)?.thumbnail;
    this.entries.delete(key);
    if (thumbnail?.state === 'ready') this.source.revokeUrl(thumbnail.url);
  }

  private pump(): void {
    while (this.active < MAX_AT_ONCE) {
      const key = this.waiting.shift();
      if (key === undefined) return;
      this.active += 1;
      void this.load(key).finally(() => {
        this.active -= 1;
        this.pump();
      });
    }
  }

  private async load(key: string): Promise<void> {
    const thumbnail = await this.source.load(key).then(
      (picture): Thumbnail => ({ state: 'ready', url: this.source.createUrl(picture) }),
      (error: unknown): Thumbnail => ({
        state: 'failed',
        message: error instanceof Error ? error.message : String(error),
      }),
    );
    const entry = this.entries.get(key);
    // If the cache was closed meanwhile (and possibly the picture requested and received again), discard this answer.
    if (entry === undefined || entry.thumbnail.state === 'ready') {
      if (thumbnail.state === 'ready') this.source.revokeUrl(thumbnail.url);
      return;
    }
    entry.thumbnail = thumbnail;
    for (const listener of entry.listeners) listener();
  }
}

/** The thumbnails of one set of the open project. The cache is closed on unmount and when the set changes. */
export function useThumbnailCache(projectPath: string, set: SetName, root: string): ThumbnailCache {
  const api = useSession((state) => state.api);
  const cache = useMemo(() => {
    const size = Math.min(512, Math.round(PICTURE_SIDE * Math.min(2, window.devicePixelRatio)));
    const load = (imageId: string) => api.getThumbnail({ projectPath, set, imageId, size });
    return {
      root,
      value: new ThumbnailCache({ load, createUrl: pictureUrl, revokeUrl: (url) => URL.revokeObjectURL(url) }),
    };
  }, [api, projectPath, set, root]);
  useEffect(() => () => cache.value.close(), [cache]);
  return cache.value;
}

export function useThumbnail(cache: ThumbnailCache, imageId: string): Thumbnail {
  const subscribe = useMemo(() => (listener: () => void) => cache.use(imageId, listener), [cache, imageId]);
  return useSyncExternalStore(subscribe, () => cache.get(imageId));
}
