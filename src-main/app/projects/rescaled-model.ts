import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { isRescaled, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { Workspace } from './workspace';

/**
 * Refuses something that holds for the tensors of the original model while the plan asks for equalization or smoothing,
 * which change their values. @param what subject of the message, such as "A calibration cache". @throws WorkbenchError
 * usage
 */
export function requireOriginalValues({ path, file }: Pick<Workspace, 'path' | 'file'>, what: string): void {
  if (!isRescaled(file.plan)) return;
  throw new WorkbenchError(
    'usage',
    `${what} is about the values of the model as it was given; ${changersOf(file.plan)} changed them`,
    { hint: advise('switch-rescaling-off', { project: path }) },
  );
}

/** Whether the channels of some tensors have other values under one plan than under the other. */
export function rescalesOtherwise(before: PrecisionPlan, after: PrecisionPlan): boolean {
  const [own, other] = [before.repairs ?? {}, after.repairs ?? {}];
  return (own.equalization ?? false) !== (other.equalization ?? false) || own.smoothing !== other.smoothing;
}

/**
 * Refuses to switch equalization or smoothing while thresholds in real units depend on it: manual thresholds of tensors
 * that it rescales, and imported thresholds.
 * @param rescaled tensors whose values change
 * @throws WorkbenchError usage that names the tensor
 */
export function requireNoStaleThresholds(before: ProjectFile, after: ProjectFile, rescaled: ReadonlySet<string>): void {
  const kept = (method: Method): readonly string[] =>
    Object.entries(after.tensorMethods).flatMap(([tensor, own]) => (own === method ? [tensor] : []));
  const manual = kept('manual').find(
    (tensor) =>
      rescaled.has(tensor) && ownValue(after.manualThresholds, tensor) === ownValue(before.manualThresholds, tensor),
  );
  const changers = changersOf(isRescaled(after.plan) ? after.plan : before.plan);
  if (manual !== undefined) {
    throw new WorkbenchError(
      'usage',
      `Switching ${changers} changes the values of tensor "${manual}", ` +
        'whose threshold was set by hand for the values that it has now',
      {
        hint: advise('clear-threshold', { tensor: manual }),
      },
    );
  }
  if (isRescaled(after.plan) && (after.method === 'imported' || kept('imported').length > 0)) {
    throw new WorkbenchError(
      'usage',
      `Imported thresholds are about the values of the model as it was given; ${changers} changes them`,
      {
        hint: advise('choose-other-method'),
      },
    );
  }
}

function changersOf({ repairs = {} }: PrecisionPlan): string {
  return [
    ...(repairs.equalization === true ? ['equalization'] : []),
    ...(repairs.smoothing === undefined ? [] : ['smoothing']),
  ].join(' and ');
}
