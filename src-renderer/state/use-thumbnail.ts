import { useEffect, useState } from 'react';
import type { Picture } from '../../src-shared/contract/views';
import type { SetName } from '../../src-shared/contract/requests';
import { useSession } from './session';

export type Thumbnail =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly url: string; readonly width: number; readonly height: number }
  | { readonly kind: 'failed'; readonly reason: string };

const LOADING: Thumbnail = { kind: 'loading' };

/** A browser has six connections to a server: the others are for calls that must not wait for pictures. */
const AT_ONCE = 3;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(read: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await read();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

/** A thumbnail of an image of the open project as an object URL, which is revoked when it is no longer shown. */
export function useThumbnail(set: SetName, imageId: string, sizePx: number): Thumbnail {
  const api = useSession((state) => state.api);
  const projectPath = useSession((state) => state.project?.path);
  const key = [projectPath, set, imageId, sizePx].join('\n');
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly thumbnail: Thumbnail } | null>(null);
  useEffect(() => {
    if (projectPath === undefined) return undefined;
    let url: string | null = null;
    let isCurrent = true;
    const read = async (): Promise<Picture | null> =>
      isCurrent ? api.getThumbnail({ projectPath, set, imageId, size: sizePx }) : null;
    inTurn(read).then(
      (picture) => {
        if (!isCurrent || picture === null) return;
        url = URL.createObjectURL(new Blob([picture.bytes.slice()], { type: 'image/png' }));
        setLoaded({ key, thumbnail: { kind: 'ready', url, width: picture.width, height: picture.height } });
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (isCurrent) setLoaded({ key, thumbnail: { kind: 'failed', reason } });
      },
    );
    return () => {
      isCurrent = false;
      if (url === null) return;
      URL.revokeObjectURL(url);
      setLoaded(null);
    };
  }, [api, projectPath, set, imageId, sizePx, key]);
  return loaded?.key === key ? loaded.thumbnail : LOADING;
}
