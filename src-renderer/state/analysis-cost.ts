import { useEffect, useState } from 'react';
import type { AnalysisCost } from '../../src-shared/contract/views';
import type { AnalysisSpec } from '../../src-shared/contract/job-specs';
import { useSession } from './session';

/** What an analysis would cost; undefined while it is on its way. */
export type CostAnswer = AnalysisCost | Error | undefined;

/** Fields are typed in: the cost is asked for once they rest. */
const SETTLE_MS = 150;

/**
 * The cost of an analysis as it would be started now; asked again when the spec or the project changes. While a new answer
 * is on its way the old one stays, so that nothing jumps. `spec` null: nothing is asked.
 */
export function useAnalysisCost(spec: AnalysisSpec | null): CostAnswer {
  const api = useSession((state) => state.api);
  const project = useSession((state) => state.project);
  const [answer, setAnswer] = useState<CostAnswer>(undefined);
  const key = spec === null ? null : JSON.stringify(spec);
  useEffect(() => {
    if (spec === null) return undefined;
    let isCurrent = true;
    const show = (found: AnalysisCost | Error): void => {
      if (isCurrent) setAnswer(found);
    };
    const timer = setTimeout(() => {
      api
        .getAnalysisCost({ spec })
        .then(show, (error: unknown) => show(error instanceof Error ? error : new Error(String(error))));
    }, SETTLE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
    // The spec is compared by its content.
  }, [api, project, key]);
  return spec === null ? undefined : answer;
}
