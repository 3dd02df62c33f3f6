import type { ThresholdRow } from '../../../src-shared/contract/views';
import { METHODS, type HistogramMethod, type Method } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';

/** A method's threshold as a line of the chart. */
export interface MethodLine {
  readonly method: Method;
  readonly thresholdReal: number;
  readonly isInUse: boolean;
}

/** Every threshold that is known for a tensor, in the order of METHODS. */
export function methodLines(row: ThresholdRow): readonly MethodLine[] {
  return METHODS.flatMap((method) => {
    const thresholdReal = row.methods[method];
    return thresholdReal === undefined ? [] : [{ method, thresholdReal, isInUse: method === row.method }];
  });
}

/** The methods offered as buttons: those that any histogram answers, and what else this tensor knows; not by hand. */
export function offeredMethods(row: ThresholdRow): readonly Method[] {
  const always: readonly Method[] = ['best', 'minmax', 'entropy', 'percentile', 'mse'] satisfies readonly (
    HistogramMethod | 'best'
  )[];
  return METHODS.filter(
    (method) => method !== 'manual' && (always.includes(method) || row.methods[method] !== undefined),
  );
}

/** True when the tensor has a method or threshold of its own. */
export function hasOwnChoice(tensor: string, file: Pick<ProjectFile, 'tensorMethods'>): boolean {
  return Object.hasOwn(file.tensorMethods, tensor);
}
