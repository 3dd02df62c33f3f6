import type { ThresholdRow } from '../../../src-shared/contract/views';
import { type HistogramMethod, type Method, METHODS } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { t } from '../../i18n';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { readingAt, type TensorAnalysis } from './analysis';

/** The threshold of a method as a line in the chart. */
export interface MethodLine {
  readonly method: Method;
  readonly thresholdReal: number;
  readonly isInUse: boolean;
}

/** All known thresholds of a tensor, in the order of METHODS. */
export function methodLines(row: ThresholdRow): readonly MethodLine[] {
  return METHODS.flatMap((method) => {
    const thresholdReal = row.methods[method];
    return thresholdReal === undefined ? [] : [{ method, thresholdReal, isInUse: method === row.method }];
  });
}

/**
 * The methods offered as buttons: those that every histogram supports, and others known for this tensor, except manual.
 */
export function offeredMethods(row: ThresholdRow): readonly Method[] {
  const always: readonly Method[] = ['best', 'minmax', 'entropy', 'percentile', 'mse'] satisfies readonly (
    | HistogramMethod
    | 'best'
  )[];
  return METHODS.filter(
    (method) => method !== 'manual' && (always.includes(method) || row.methods[method] !== undefined),
  );
}

/** True if the tensor has its own method or threshold. */
export function hasOwnChoice(tensor: string, file: Pick<ProjectFile, 'tensorMethods'>): boolean {
  return Object.hasOwn(file.tensorMethods, tensor);
}

/** The effect of a threshold on the values of one group, or of the whole set. */
export interface GroupCost {
  /** The name of the group; null for the whole set. */
  readonly group: string | null;
  readonly sqnrDb: number;
  /** Share of the values beyond the threshold, 0..1. */
  readonly clippedFraction: number;
  /** True if no method has a higher SQNR for this group. */
  readonly isBest: boolean;
}

export interface MethodCost {
  readonly method: Method;
  readonly thresholdReal: number;
  readonly isInUse: boolean;
  /** The costs for the whole set, followed by those for the groups in their order. */
  readonly costs: readonly GroupCost[];
}

/**
 * Every method with a known threshold for the tensor, and the cost of this threshold for the whole set and each group.
 */
export function methodCosts(analysis: TensorAnalysis, row: ThresholdRow): readonly MethodCost[] {
  const readings = methodLines(row)
    .filter((line) => line.thresholdReal > 0)
    .map((line) => {
      const reading = readingAt(analysis, line.thresholdReal);
      const costs = [
        { group: null, sqnrDb: reading.sqnrDb, clippedFraction: reading.clippedFraction },
        ...reading.groups.map(({ name, sqnrDb, clippedFraction }) => ({ group: name, sqnrDb, clippedFraction })),
      ];
      return { ...line, costs };
    });
  const best = analysis.groups.reduce((tops, _group, i) => [...tops, topOf(readings, i + 1)], [topOf(readings, 0)]);
  return readings.map((reading) => ({
    ...reading,
    costs: reading.costs.map((cost, i) => ({ ...cost, isBest: cost.sqnrDb === best[i] })),
  }));
}

function topOf(
  readings: readonly { readonly costs: readonly { readonly sqnrDb: number }[] }[],
  column: number,
): number {
  return Math.max(...readings.map(({ costs }) => costs[column]?.sqnrDb ?? Number.NEGATIVE_INFINITY));
}

/** Threshold edits that take one click; each is one named undo step. */

export function chooseMethod(tensor: string, method: Method): void {
  const name = t('histogram.edit.method', { tensor, method: t(`histogram.method.${method}`) });
  void useSession.getState().edit(name, [{ kind: 'tensor-method', tensor, method }]);
}

/** Resets the tensor to the project's method. */
export function followProject(tensor: string): void {
  void useSession.getState().edit(t('histogram.edit.clear', { tensor }), [{ kind: 'clear-tensor', tensor }]);
}

/** Sets the method of the project and removes the choices of single tensors, so that all tensors use it. */
export function chooseMethodForAll(method: Method): void {
  const name = t('histogram.edit.all', { method: t(`histogram.method.${method}`) });
  void useSession.getState().edit(name, [
    { kind: 'method', method },
    { kind: 'clear-tensor', tensor: '*' },
  ]);
}

/** Measures the single methods again for the current project. */
export function decideBest(): void {
  const project = useSession.getState().project;
  if (project !== null) void useJobs.getState().start({ kind: 'best', projectPath: project.path });
}

/** Uses the best single method for all tensors. The methods are measured first unless a current measurement exists. */
export function chooseBestForAll(): void {
  chooseMethodForAll('best');
  if (useSession.getState().project?.best?.isCurrent !== true) decideBest();
}

export function setThreshold(tensor: string, thresholdReal: number): void {
  void useSession
    .getState()
    .edit(t('histogram.edit.threshold', { tensor }), [{ kind: 'threshold', tensor, thresholdReal }]);
}
