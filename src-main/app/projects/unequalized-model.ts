import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { hasRepair } from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { PrepareResult } from '../../compute/pool/protocol';
import type { Workspace } from './workspace';

/**
 * Refuses something that holds for the tensors of the original model while the plan asks for equalization, which
 * changes their values. @param what subject of the message, such as "A calibration cache". @throws WorkbenchError usage
 */
export function requireUnequalizedModel({ path, file }: Pick<Workspace, 'path' | 'file'>, what: string): void {
  if (!hasRepair(file.plan, 'equalization')) return;
  throw new WorkbenchError(
    'usage',
    `${what} is about the values of the model as it was given; equalization has changed them`,
    {
      hint: advise('switch-equalization-off', { project: path }),
    },
  );
}

/**
 * Refuses to switch equalization on or off while thresholds in real units depend on it: manual thresholds of tensors
 * that equalization rescales, and imported thresholds.
 * @param equalized what the preparation of the equalized model reported
 * @throws WorkbenchError usage that names the tensor
 */
export function requireNoStaleThresholds(
  before: ProjectFile,
  after: ProjectFile,
  equalized: PrepareResult['equalized'],
): void {
  if (hasRepair(before.plan, 'equalization') === hasRepair(after.plan, 'equalization')) return;
  const rescaled = new Set(equalized?.tensors ?? []);
  const kept = (method: Method): readonly string[] =>
    Object.entries(after.tensorMethods).flatMap(([tensor, own]) => (own === method ? [tensor] : []));
  const manual = kept('manual').find(
    (tensor) =>
      rescaled.has(tensor) && ownValue(after.manualThresholds, tensor) === ownValue(before.manualThresholds, tensor),
  );
  if (manual !== undefined) {
    throw new WorkbenchError(
      'usage',
      `Equalization changes the values of tensor "${manual}", ` +
        'whose threshold was set by hand for the values that it has now',
      {
        hint: advise('clear-threshold', { tensor: manual }),
      },
    );
  }
  if (hasRepair(after.plan, 'equalization') && (after.method === 'imported' || kept('imported').length > 0)) {
    throw new WorkbenchError(
      'usage',
      'Imported thresholds are about the values of the model as it was given; equalization changes them',
      {
        hint: advise('choose-other-method'),
      },
    );
  }
}
