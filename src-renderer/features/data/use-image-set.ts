import { useEffect, useState } from 'react';
import type { SetName } from '../../../src-shared/contract/requests';
import type { ImageSetView, ProjectView } from '../../../src-shared/contract/views';
import { useSession } from '../../state/session';

interface Answer {
  readonly key: string;
  readonly value: ImageSetView | Error;
}

/** The images of a set: undefined while it is read, an Error when it cannot be, null when the project has no such set. */
export function useImageSet(project: ProjectView, set: SetName): ImageSetView | undefined | null | Error {
  const api = useSession((state) => state.api);
  const { path, file } = project;
  const reference = set === 'calibration' ? file.calibrationSet : file.validationSet;
  // What a set holds depends on both references: whether folders are groups or labels is told by the other set.
  const key = JSON.stringify([path, set, file.calibrationSet, file.validationSet]);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const isAsked = reference !== null;
  useEffect(() => {
    if (!isAsked) return undefined;
    let isCurrent = true;
    const keep = (value: Answer['value']): void => {
      if (isCurrent) setAnswer({ key, value });
    };
    api
      .getImageSet({ projectPath: path, set })
      .then(keep, (error: unknown) => keep(error instanceof Error ? error : new Error(String(error))));
    return () => {
      isCurrent = false;
    };
  }, [api, path, set, key, isAsked]);
  if (!isAsked) return null;
  return answer?.key === key ? answer.value : undefined;
}
