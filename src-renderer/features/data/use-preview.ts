import { useEffect, useState } from 'react';
import type { SetName } from '../../../src-shared/contract/requests';
import type { PreprocessingPreview } from '../../../src-shared/contract/views';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { useSession } from '../../state/session';
import { pictureUrl } from './thumbnails';

/** Long enough for a digit to follow another, short enough to feel live. */
const DEBOUNCE_MS = 150;

export interface PreviewRequest {
  readonly projectPath: string;
  readonly set: SetName;
  readonly imageId: string;
  readonly preprocessing: Preprocessing;
}

export interface PreviewState {
  /** The last one that arrived; kept while the next is on its way, so that nothing jumps. */
  readonly preview: PreprocessingPreview | null;
  readonly originalUrl: string | null;
  readonly tensorUrl: string | null;
  /** What the preview shows; null before the first. */
  readonly shown: PreviewRequest | null;
  readonly error: Error | null;
  /** The state belongs to an earlier request than the one in force. */
  readonly isBehind: boolean;
}

const NOTHING = { preview: null, originalUrl: null, tensorUrl: null, shown: null, error: null } as const;

/** What the network sees of an image with a preprocessing that may still be edited. */
export function usePreview(request: PreviewRequest | null): PreviewState {
  const api = useSession((state) => state.api);
  const [wished, setWished] = useState(request);
  const key = wished === null ? null : JSON.stringify(wished);
  // An equal request in a new object asks for nothing new.
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

/** Gives an object URL back when another takes its place. */
function useRevoked(url: string | null): void {
  useEffect(() => {
    if (url === null) return undefined;
    return () => URL.revokeObjectURL(url);
  }, [url]);
}
