import type { ReplayResult } from '../../../src-shared/contract/job-results';
import { isReplayed, REPLAY_TOLERANCE } from '../../../src-shared/domain/packages/replay';
import type { Compute } from '../../compute/pool/protocol';
import { readPackage } from './package-folder';

/**
 * Checks the files of a package, and runs its model on the recorded inputs.
 * @throws WorkbenchError not-found, package-invalid, model-unsupported, backend-unavailable
 */
export async function replay(dir: string, tolerance = REPLAY_TOLERANCE, compute: Compute): Promise<ReplayResult> {
  const manifest = await readPackage(dir);
  const { name, variant, recordedWith } = manifest;
  const found = await compute.request('replay-package', { dir, manifest }, {});
  const tensors = found.map((tensor) => ({ ...tensor, met: isReplayed(tensor, tolerance) }));
  const met = tensors.length > 0 && tensors.every((tensor) => tensor.met);
  return { package: dir, name, variant, recordedWith, tolerance, tensors, met };
}
