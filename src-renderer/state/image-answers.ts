import { useEffect, useState } from 'react';
import type { RequestOf } from '../../src-shared/contract/requests';
import type { ImageAnswersView } from '../../src-shared/contract/views';
import { requestQueue } from './request-queue';
import { useSession } from './session';

export type ImageAnswers =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly view: ImageAnswersView }
  | { readonly kind: 'failed'; readonly reason: string };

export type AnswersRequest = Omit<RequestOf<'getImageAnswers'>, 'projectPath'>;

const LOADING: ImageAnswers = { kind: 'loading' };
/** Answers are computed one after the other; more requests at a time would only wait, and could not be withdrawn. */
const queued = requestQueue(2);

/**
 * The truth of an image and the answers of variants to it, which the application computes on demand. null asks for
 * nothing. While the next answers are loading the result is `loading`, or the last answers if `keepsLast` is set.
 */
export function useImageAnswers(request: AnswersRequest | null, keepsLast = false): ImageAnswers {
  const api = useSession((state) => state.api);
  const projectPath = useSession((state) => state.project?.path);
  const key = request === null || projectPath === undefined ? null : JSON.stringify([projectPath, request]);
  const [answered, setAnswered] = useState<{ readonly key: string; readonly answers: ImageAnswers } | null>(null);
  useEffect(() => {
    if (key === null) return undefined;
    const [path, wanted] = JSON.parse(key) as [string, AnswersRequest];
    let isCurrent = true;
    const show = (answers: ImageAnswers): void => {
      if (isCurrent) setAnswered({ key, answers });
    };
    const withdraw = queued(() =>
      api.getImageAnswers({ projectPath: path, ...wanted }).then(
        (view) => show({ kind: 'ready', view }),
        (error: unknown) => show({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) }),
      ),
    );
    return () => {
      isCurrent = false;
      withdraw();
    };
  }, [api, key]);
  if (answered === null || key === null) return LOADING;
  return answered.key === key || (keepsLast && answered.answers.kind === 'ready') ? answered.answers : LOADING;
}
