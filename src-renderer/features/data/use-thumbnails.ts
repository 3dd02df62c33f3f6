import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { SetName } from '../../../src-shared/contract/requests';
import { useSession } from '../../state/session';
import { PICTURE_SIDE } from './grid-geometry';
import { pictureUrl } from './picture-url';
import { ThumbnailCache, type Thumbnail } from './thumbnail-cache';

/** The pictures of one set of the open project; closed with the component and whenever the set is another. */
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
