import type { ThresholdRow } from '../../../src-shared/contract/views';
import { type HistogramMethod, type Method, METHODS } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { t } from '../../i18n';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { readingAt, type TensorAnalysis } from './analysis';

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

/** What a threshold does to the values of one group, or of the whole set. */
export interface GroupCost {
  /** A group's name; null for the whole set. */
  readonly group: string | null;
  readonly sqnrDb: number;
  /** Share of the values beyond the threshold, 0..1. */
  readonly clippedFraction: number;
  /** No method has a higher SQNR here. */
  readonly isBest: boolean;
}

export interface MethodCost {
  readonly method: Method;
  readonly thresholdReal: number;
  readonly isInUse: boolean;
  /** The whole set first, then the groups in their order. */
  readonly costs: readonly GroupCost[];
}

/** Every method that knows a threshold for the tensor, and what that threshold costs the whole set and each group. */
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

/** Edits of thresholds that are one click; each is one undoable step under its own name. */

export function chooseMethod(tensor: string, method: Method): void {
  const name = t('histogram.edit.method', { tensor, method: t(`histogram.method.${method}`) });
  void useSession.getState().edit(name, [{ kind: 'tensor-method', tensor, method }]);
}

/** The project's method again. */
export function followProject(tensor: string): void {
  void useSession.getState().edit(t('histogram.edit.clear', { tensor }), [{ kind: 'clear-tensor', tensor }]);
}

/** The method of the project and of every tensor: choices of single tensors are taken back. */
export function chooseMethodForAll(method: Method): void {
  const name = t('histogram.edit.all', { method: t(`histogram.method.${method}`) });
  void useSession.getState().edit(name, [
    { kind: 'method', method },
    { kind: 'clear-tensor', tensor: '*' },
  ]);
}

/** Measures the single methods again, on the project as it is. */
export function decideBest(): void {
  const project = useSession.getState().project;
  if (project !== null) void useJobs.getState().start({ kind: 'best', projectPath: project.path });
}

/** The best single method for all tensors, measured first unless that was done for the project as it is. */
export function chooseBestForAll(): void {
  chooseMethodForAll('best');
  if (useSession.getState().project?.best?.isCurrent !== true) decideBest();
}

export function setThreshold(tensor: string, thresholdReal: number): void {
  void useSession
    .getState()
    .edit(t('histogram.edit.threshold', { tensor }), [{ kind: 'threshold', tensor, thresholdReal }]);
}
