import { useEffect, useState } from 'react';
import type { AnalysisCost } from '../../src-shared/contract/views';
import type { AnalysisSpec } from '../../src-shared/contract/job-specs';
import { useSession } from './session';
import { useFrozen } from './use-frozen';

/** The estimated cost of an analysis; undefined until the application has answered. */
export type CostAnswer = AnalysisCost | Error | undefined;

/** The cost is requested when the user has not typed for this long. */
const SETTLE_MS = 150;

/**
 * The cost of an analysis with the current options; requested again when the spec or the project changes. The old
 * answer is kept until the new one arrives, so that the layout does not jump. If the spec is null, nothing is
 * requested.
 */
export function useAnalysisCost(spec: AnalysisSpec | null): CostAnswer {
  const api = useSession((state) => state.api);
  const project = useSession((state) => state.project);
  const [answer, setAnswer] = useState<CostAnswer>(undefined);
  const key = spec === null ? null : JSON.stringify(spec);
  // The spec is compared by its content.
  const wanted = useFrozen([key], () => spec);
  useEffect(() => {
    if (wanted === null) return undefined;
    let isCurrent = true;
    const show = (found: AnalysisCost | Error): void => {
      if (isCurrent) setAnswer(found);
    };
    const timer = setTimeout(() => {
      api
        .getAnalysisCost({ spec: wanted })
        .then(show, (error: unknown) => show(error instanceof Error ? error : new Error(String(error))));
    }, SETTLE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, project, wanted]);
  return spec === null ? undefined : answer;
}
