import { useEffect, useState } from 'react';
import type { SetName } from '../../src-shared/contract/requests';
import { requestQueue } from './request-queue';
import { useSession } from './session';

export type Thumbnail =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly url: string; readonly width: number; readonly height: number }
  | { readonly kind: 'failed'; readonly reason: string };

const LOADING: Thumbnail = { kind: 'loading' };

/** A browser has six connections to a server: the others are for calls that must not wait for pictures. */
const queued = requestQueue(3);

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
    const withdraw = queued(() =>
      api.getThumbnail({ projectPath, set, imageId, size: sizePx }).then(
        (picture) => {
          if (!isCurrent) return;
          url = URL.createObjectURL(new Blob([picture.bytes.slice()], { type: 'image/png' }));
          setLoaded({ key, thumbnail: { kind: 'ready', url, width: picture.width, height: picture.height } });
        },
        (error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          if (isCurrent) setLoaded({ key, thumbnail: { kind: 'failed', reason } });
        },
      ),
    );
    return () => {
      isCurrent = false;
      withdraw();
      if (url === null) return;
      URL.revokeObjectURL(url);
      setLoaded(null);
    };
  }, [api, projectPath, set, imageId, sizePx, key]);
  return loaded?.key === key ? loaded.thumbnail : LOADING;
}
