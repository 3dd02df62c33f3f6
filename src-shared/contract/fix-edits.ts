import type { FixPlan } from '../domain/analysis/fix';
import type { ProjectEdit } from './requests';

/** The edits that make a plan of a fix the project's own. Methods come before repairs: no threshold is stale then. */
export function adoptionOf({ decisions: { method, tensorMethods, plan } }: Pick<FixPlan, 'decisions'>): ProjectEdit[] {
  return [
    { kind: 'clear-tensor', tensor: '*' },
    { kind: 'method', method },
    ...Object.entries(tensorMethods).map(([tensor, own]): ProjectEdit => ({
      kind: 'tensor-method',
      tensor,
      method: own,
    })),
    { kind: 'plan', plan },
  ];
}
