import { useEffect, useState } from 'react';
import type { SetName } from '../../src-shared/contract/requests';
import { useSession } from './session';

export type Thumbnail =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** A picture of an image of the open project as an object URL, which is freed when it is no longer shown. */
export function useThumbnail(set: SetName, imageId: string, sizePx: number): Thumbnail {
  const api = useSession((state) => state.api);
  const projectPath = useSession((state) => state.project?.path);
  const [thumbnail, setThumbnail] = useState<Thumbnail>({ kind: 'loading' });
  useEffect(() => {
    if (projectPath === undefined) return undefined;
    let url: string | null = null;
    let isCurrent = true;
    setThumbnail({ kind: 'loading' });
    api.getThumbnail({ projectPath, set, imageId, size: sizePx }).then(
      (picture) => {
        if (!isCurrent) return;
        url = URL.createObjectURL(new Blob([picture.bytes.slice()], { type: 'image/png' }));
        setThumbnail({ kind: 'ready', url });
      },
      (error: unknown) => {
        if (isCurrent) setThumbnail({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => {
      isCurrent = false;
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [api, projectPath, set, imageId, sizePx]);
  return thumbnail;
}
