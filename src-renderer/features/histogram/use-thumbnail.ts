import { useEffect, useState } from 'react';
import { useSession } from '../../state/session';

const SIZE_PX = 128;

/** A picture of an image of the calibration set as an address for `img`; null while it is on its way or when there is none. */
export function useThumbnail(imageId: string | null): string | null {
  const api = useSession((state) => state.api);
  const projectPath = useSession((state) => state.project?.path);
  const [shown, setShown] = useState<{ readonly imageId: string; readonly url: string } | null>(null);
  useEffect(() => {
    if (imageId === null || projectPath === undefined) return undefined;
    let url: string | null = null;
    let isWanted = true;
    api
      .getThumbnail({ projectPath, set: 'calibration', imageId, size: SIZE_PX })
      .then((picture) => {
        if (!isWanted) return;
        url = URL.createObjectURL(new Blob([new Uint8Array(picture.bytes)], { type: 'image/png' }));
        setShown({ imageId, url });
      })
      // An image that has moved has no picture; its name and value stay.
      .catch(() => setShown(null));
    return () => {
      isWanted = false;
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [api, projectPath, imageId]);
  return shown?.imageId === imageId ? shown.url : null;
}
