import { ownValue } from '../../base/records';
import type { Task } from '../tasks/task';
import type { ProjectDecisions } from './project';

/** The fields of a project that edits change. */
export function decisionsOf(file: ProjectDecisions): ProjectDecisions {
  const {
    method,
    percentile,
    tensorMethods,
    manualThresholds,
    plan,
    target,
    gates,
    baselineGates,
    preprocessing,
    inputs,
    calibrationSet,
    validationSet,
    task,
  } = file;
  return {
    method,
    percentile,
    tensorMethods,
    manualThresholds,
    plan,
    target,
    gates,
    preprocessing,
    calibrationSet,
    validationSet,
    ...(baselineGates === undefined ? {} : { baselineGates }),
    ...(inputs === undefined ? {} : { inputs }),
    ...(task === undefined ? {} : { task }),
  };
}

/** The file with other decisions. Optional decisions that are not named are absent afterwards. */
export function withDecisions<F extends ProjectDecisions>(file: F, decisions: ProjectDecisions): F {
  const copy: Omit<F, 'task'> & { inputs?: unknown; baselineGates?: unknown } = withoutTask(file);
  delete copy.inputs;
  delete copy.baselineGates;
  return { ...copy, ...decisions } as unknown as F;
}

/** The same with an undecided task. */
export function withoutTask<F extends { readonly task?: Task }>(file: F): Omit<F, 'task'> {
  const copy: Omit<F, 'task'> & { task?: Task } = { ...file };
  delete copy.task;
  return copy;
}

/**
 * Applies only the change `from` -> `to` to `current`, so that undo keeps changes that another window made meanwhile.
 * Records (thresholds, methods, layers of the plan, gates) are compared key by key, all other fields as a whole.
 */
export function applyChange(current: ProjectDecisions, from: ProjectDecisions, to: ProjectDecisions): ProjectDecisions {
  const pick = <K extends keyof ProjectDecisions>(key: K): ProjectDecisions[K] =>
    isSame(from[key], to[key]) ? current[key] : to[key];
  const task = pick('task');
  const inputs = pick('inputs');
  const baselineGates = pick('baselineGates');
  return {
    method: pick('method'),
    percentile: pick('percentile'),
    target: pick('target'),
    preprocessing: pick('preprocessing'),
    calibrationSet: pick('calibrationSet'),
    validationSet: pick('validationSet'),
    ...(baselineGates === undefined ? {} : { baselineGates }),
    ...(inputs === undefined ? {} : { inputs }),
    ...(task === undefined ? {} : { task }),
    tensorMethods: applyToRecord(current.tensorMethods, from.tensorMethods, to.tensorMethods),
    manualThresholds: applyToRecord(current.manualThresholds, from.manualThresholds, to.manualThresholds),
    plan: { ...pick('plan'), layers: applyToRecord(current.plan.layers, from.plan.layers, to.plan.layers) },
    gates: { ...current.gates, ...changedFields(from.gates, to.gates) },
  };
}

function applyToRecord<T>(
  current: Readonly<Record<string, T>>,
  from: Readonly<Record<string, T>>,
  to: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const result = new Map(Object.entries(current));
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const before = ownValue(from, key);
    const after = ownValue(to, key);
    if (before === after) continue;
    if (after === undefined) result.delete(key);
    else result.set(key, after);
  }
  return Object.fromEntries(result);
}

function changedFields<T extends object>(from: T, to: T): Partial<T> {
  const keys = Object.keys(to) as (keyof T)[];
  const changed: Partial<T> = {};
  for (const key of keys) if (from[key] !== to[key]) changed[key] = to[key];
  return changed;
}

/** Equality of plain data; the order of keys does not matter. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keysOfA = Object.keys(a);
  if (keysOfA.length !== Object.keys(b).length) return false;
  return keysOfA.every((key) => Object.hasOwn(b, key) && isSame(Reflect.get(a, key), Reflect.get(b, key)));
}
