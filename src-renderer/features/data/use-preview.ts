import { useEffect, useState } from 'react';
import type { SetName } from '../../../src-shared/contract/requests';
import type { PreprocessingPreview } from '../../../src-shared/contract/views';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { useSession } from '../../state/session';
import { pictureUrl } from './thumbnails';

/** The delay, in milliseconds, is long enough to type another digit and short enough to look immediate. */
const DEBOUNCE_MS = 150;

export interface PreviewRequest {
  readonly projectPath: string;
  readonly set: SetName;
  readonly imageId: string;
  readonly preprocessing: Preprocessing;
}

export interface PreviewState {
  /** The last preview that arrived; kept while the next one is loading, so that the layout does not jump. */
  readonly preview: PreprocessingPreview | null;
  readonly originalUrl: string | null;
  readonly tensorUrl: string | null;
  /** The request that `preview` answers; null before the first answer. */
  readonly shown: PreviewRequest | null;
  readonly error: Error | null;
  /** True if the preview belongs to an earlier request than the current one. */
  readonly isBehind: boolean;
}

const NOTHING = { preview: null, originalUrl: null, tensorUrl: null, shown: null, error: null } as const;

/** The network's input for an image, with a preprocessing that may still be edited. */
export function usePreview(request: PreviewRequest | null): PreviewState {
  const api = useSession((state) => state.api);
  const [wished, setWished] = useState(request);
  const key = wished === null ? null : JSON.stringify(wished);
  // An equal request in a new object must not cause another request.
  if (JSON.stringify(request) !== JSON.stringify(wished)) setWished(request);
  const [state, setState] = useState<{ readonly key: string | null; readonly value: Omit<PreviewState, 'isBehind'> }>({
    key: null,
    value: NOTHING,
  });

  useEffect(() => {
    if (wished === null) return undefined;
    let isCurrent = true;
    const ask = async (): Promise<void> => {
      try {
        const preview = await api.getPreview(wished);
        if (isCurrent)
          setState({
            key,
            value: {
              preview,
              originalUrl: pictureUrl(preview.original),
              tensorUrl: pictureUrl(preview.tensor),
              shown: wished,
              error: null,
            },
          });
      } catch (error) {
        if (isCurrent)
          setState((before) => ({
            key,
            value: { ...before.value, error: error instanceof Error ? error : new Error(String(error)) },
          }));
      }
    };
    const timer = setTimeout(() => void ask(), DEBOUNCE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, key, wished]);

  useRevoked(state.value.originalUrl);
  useRevoked(state.value.tensorUrl);
  return { ...state.value, isBehind: state.key !== key };
}

/** Revokes an object URL when another one replaces it. */
function useRevoked(url: string | null): void {
  useEffect(() => {
    if (url === null) return undefined;
    return () => URL.revokeObjectURL(url);
  }, [url]);
}
